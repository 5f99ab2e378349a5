"""From the values in label files to classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..label_types import LabelMap, ignored_label

Values = NDArray[np.integer[Any]]


class Allowed(NamedTuple):
    """The values that label files may hold."""

    classes: Mapping[int, int]
    """Class of each value, or the label of ignored pixels."""
    dtype: np.dtype[Any]
    """Type of the labels."""


def unscaled(path: Path, scaled: Values, white: int, allowed: Allowed) -> Values:
    """Return the values of grey whose white is stored as `white`, and scaled to 255 or 65,535.

    Tools disagree on which of both is the value. Raises InputError where both could be meant.
    """
    largest = 255 if scaled.dtype == np.uint8 else 65535
    stored = (scaled.astype(np.uint32) * white + largest // 2) // largest
    fitting = [each for each in (stored, scaled) if held_values(each) <= allowed.classes.keys()]
    if not fitting:
        return stored
    first, last = (classes_of(path, each, allowed) for each in (fitting[0], fitting[-1]))
    if not np.array_equal(first, last):
        raise InputError(
            f"{path}: its white is stored as {white}, and the classes differ if that means "
            f"{largest}; save it with 8 bits, or give a taxonomy whose values and ignore hold only "
            "one of them"
        )
    return fitting[0]


def held_values(values: Values) -> set[int]:
    """Return the values that occur."""
    if values.dtype == np.uint8:
        found: set[int] = {*np.flatnonzero(np.bincount(values.reshape(-1))).tolist()}
        return found
    return {*np.unique(values).tolist()}


def classes_of(path: Path, values: Values, allowed: Allowed) -> LabelMap:
    """Look values (H, W) up; InputError for one that is not allowed."""
    held = sorted(held_values(values))
    if unknown := [value for value in held if value not in allowed.classes]:
        raise InputError(f"{path}: holds {ranges(unknown)}, {_described(allowed)}")
    table = np.zeros(held[-1] + 1, allowed.dtype)
    table[held] = [allowed.classes[value] for value in held]
    classes: LabelMap = table[values]
    return classes


def _described(allowed: Allowed) -> str:
    ignore = ignored_label(allowed.dtype)
    classes = [value for value, number in allowed.classes.items() if number != ignore]
    ignored = [value for value, number in allowed.classes.items() if number == ignore]
    return (
        f"outside the classes, {ranges(classes)}, and what is ignored, {ranges(ignored)}; "
        "convert it, or give a taxonomy of its values"
    )


def ranges(values: Iterable[int]) -> str:
    """Format numbers as ranges: 0-18, 255."""
    found: list[list[int]] = []
    for value in sorted(values):
        if found and value == found[-1][1] + 1:
            found[-1][1] = value
        else:
            found.append([value, value])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in found) or "none"
