"""Show text from files as it is: what a terminal, a browser or a spreadsheet would obey is escaped.

Names of classes, frames, models and suites come from files of others. Every output passes them
through here, at its border.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories of control and format characters, halves of pairs, and separators of lines.

Among them are terminal escapes and the marks that turn the direction of text.
"""
_JOINERS = "\u200c\u200d"
"""Format characters that scripts and emojis need, and that move nothing."""
_UNPLAIN = re.compile(r"[^ -~]")
_FORMULAS = ("=", "+", "-", "@")


def visible(text: str, kept: str = "") -> str:
    r"""Return a text whose control characters, but those in `kept`, are escaped, as \u202e."""
    return _UNPLAIN.sub(lambda match: _shown(match[0], kept), text)


def _shown(mark: str, kept: str) -> str:
    if unicodedata.category(mark) not in _ESCAPED or mark in _JOINERS or mark in kept:
        return mark
    number = ord(mark)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def cell(value: object) -> object:
    """Return a value of a CSV file; a text that a spreadsheet takes for a formula gets a "'".

    Numbers, also as text, stay as they are.
    """
    if not isinstance(value, str):
        return value
    text = visible(value)
    first = unicodedata.normalize("NFKC", text[:1])  # spreadsheets take wide signs, too
    return f"'{text}" if first in _FORMULAS and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
