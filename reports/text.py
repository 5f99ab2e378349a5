"""Words and figures as a reader sees them: percentages, severities, names of corruptions."""

from __future__ import annotations

import math
from collections.abc import Iterable

MISSING = EN_DASH = "\u2013"
MINUS = "\u2212"
NOT_MEASURED = "not measured"

_ACRONYMS = {"jpeg": "JPEG"}


def percent(value: float) -> str:
    """Write a fraction in percent with one decimal, without the sign; an en dash for NaN."""
    return MISSING if math.isnan(value) else f"{100 * value:.1f}"


def points(change: float) -> str:
    """Write a change of a fraction in percentage points with its sign; an en dash for NaN."""
    if math.isnan(change):
        return MISSING
    text = f"{abs(100 * change):.1f}"
    return text if float(text) == 0 else f"{'+' if change > 0 else MINUS}{text}"


def severity_range(severities: Iterable[int]) -> str:
    """Write severities as a reader does: a range with an en dash, "1, 3, 5", or "none"."""
    levels = sorted(set(severities))
    if not levels:
        return "none"
    if len(levels) > 2 and levels == list(range(levels[0], levels[-1] + 1)):
        return f"{levels[0]}{EN_DASH}{levels[-1]}"
    return ", ".join(str(level) for level in levels)


def corruption_name(corruption: str) -> str:
    """Write a corruption's name in words: "motion_blur" -> "motion blur"."""
    return " ".join(_ACRONYMS.get(word, word) for word in corruption.split("_"))


def short_name(corruption: str, category: str) -> str:
    """Write its name under the heading of its category: "motion_blur" in "blur" -> "motion"."""
    words = [word for word in corruption.split("_") if word not in (category, "compression")]
    return corruption_name("_".join(words) or corruption)


def encoded(text: str) -> bytes:
    """Return text as UTF-8, with \ufffd for the bytes of a command line that are none."""
    return "".join("\ufffd" if "\ud800" <= mark <= "\udfff" else mark for mark in text).encode()
