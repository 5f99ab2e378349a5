"""Words for readers: names of corruptions, ranges of severities, counts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from ..reports.text import EN_DASH
from ..scores.policy import even_step

NOT_MEASURED = "not measured"

_ACRONYMS = {"jpeg": "JPEG", "3d": "3D"}
SHOWN_CLASSES = 40
"""Most classes that a sentence names."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 frame", "2 frames"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def few(names: Sequence[str], most: int = 12) -> str:
    """List names; of more than `most` the first ones, since a table or the provenance lists all."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def severity_range(severities: Iterable[float]) -> str:
    """Return severities as a range with an en dash, as a list "1, 3, 5", or "none".

    A range of fractions has its step: "1\u20135 by 0.5".
    """
    levels = sorted(set(severities))
    if not levels:
        return "none"
    if len(levels) > 2 and (step := even_step(levels)) is not None and step <= 1:
        by = "" if step == 1 else f" by {step:g}"
        return f"{levels[0]:g}{EN_DASH}{levels[-1]:g}{by}"
    return ", ".join(f"{level:g}" for level in levels)


def corruption_name(corruption: str) -> str:
    """Return a corruption's name in words: "motion_blur" -> "motion blur"."""
    return " ".join(_ACRONYMS.get(word, word) for word in corruption.split("_"))


def short_name(corruption: str, category: str) -> str:
    """Return the name under the heading of its category: "motion_blur" in "blur" -> "motion"."""
    words = [word for word in corruption.split("_") if word not in (category, "compression")]
    return corruption_name("_".join(words) or corruption)


def apart(values: Iterable[float], fewest: int = 0, most: int = 2) -> list[str]:
    """Return percentages in as few decimals, within these limits, as tell different ones apart."""
    numbers = list(values)
    for digits in range(fewest, most + 1):
        texts = [f"{number:.{digits}f}" for number in numbers]
        if len(set(texts)) == len(set(numbers)):
            break
    return texts


def training_note(note: str) -> str:
    """Return a note on weights with "3600 + 800 steps", of two rounds of training, in words."""
    return re.sub(r"(\d+) \+ (\d+) steps", r"\1 steps, and \2 more in a second round", note)


def common(values: Collection[str]) -> str:
    """Return the value that all share, or "" where they differ."""
    return next(iter(values)) if len(set(values)) == 1 else ""


def column_name(column: object) -> str:
    """Return the name of a column; of a column with several levels, its names in a row."""
    return " ".join(filter(None, column)) if isinstance(column, tuple) else str(column)
