"""Values of the texts that users type: lists, numbers, sizes. InputError says how to write them."""

from __future__ import annotations

import math
import re

from ..errors import InputError


def integer(text: str) -> int:
    """Read "16"."""
    try:
        return int(text)
    except ValueError:
        raise InputError("not a whole number; write digits, for example 16") from None


def number(text: str) -> float:
    """Read "0.5"."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError("not a number; write for example 0.5")
    return value


def share(text: str) -> float:
    """Read "10%" as 0.1."""
    if not text.strip().endswith("%"):
        raise InputError("not a share; write it in percent: 10%")
    return number(text.strip().removesuffix("%")) / 100


def names(text: str) -> list[str]:
    """Read "fog,snow" as a list."""
    values = [name.strip() for name in text.split(",") if name.strip()]
    if not values:
        raise InputError("an empty list; write names with commas between them")
    return values


def label(text: str) -> dict[str, str]:
    """Read "b0=Ours" as a dictionary."""
    name, mark, shown = text.partition("=")
    if not (mark and name.strip() and shown.strip()):
        raise InputError("not a label; write NAME=TEXT, for example b0=Ours")
    return {name.strip(): shown.strip()}


def models(text: str) -> list[str]:
    """Read "b0,b5@random" as a list.

    A comma belongs to a path where no name of a model follows: "b0@a,b.pth" is one model.
    """
    return re.split(r",\s*(?=[A-Za-z][\w-]*(?:[@:,]|$))", text.strip())


def integers(text: str) -> list[int]:
    """Read "1-3,5" as a list of numbers up to 999."""
    values: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part.strip())
        if match is None:
            raise InputError("not a list of numbers; write for example 1-3 or 1,5")
        first, last = match.groups()
        values += range(int(first), int(last or first) + 1)
    if not values:
        raise InputError("an empty range; write the smaller number first")
    return values


def severities(text: str) -> list[float]:
    """Read "1-3,4.5" as a list of numbers up to 999."""
    values: list[float] = []
    for part in text.split(","):
        between = re.fullmatch(r"\d{1,3}\.\d+", part.strip())
        values += [float(part)] if between else integers(part)
    return values


def numbers(text: str) -> list[float]:
    """Read "1.5,20" as a list."""
    return [number(part) for part in text.split(",")]


def size(text: str) -> tuple[int, int]:
    """Read "2048x1024", width x height in pixels, as (height, width)."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    if match is None:
        raise InputError("not a size; write WIDTHxHEIGHT in pixels, for example 2048x1024")
    width, height = map(int, match.groups())
    return height, width
