"""JSON metadata of third-party models: preprocessing, classes, training data.

ONNX files have it in their metadata, TorchScript files in extra files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...errors import InputError
from ..base import IMAGENET, Preprocessing, Window
from ..class_names import check_class_count

LARGEST_SIDE = 2**14
"""Longest side of an input in pixels that a file may request, which limits the memory."""


def parse_json(where: str, text: str | bytes) -> Any:
    """Parse JSON. Raises InputError that begins with `where`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON: {text[:40]!r}") from error


def parse_preprocessing(
    where: str, values: Any, default: Preprocessing = IMAGENET
) -> Preprocessing:
    """Return the preprocessing that a mapping declares, with the values of `default` for the rest.

    mean and std are in grey levels (0-255), in the order of `channels` ("RGB" or "BGR"); `size` is
    [height, width] or "WIDTHxHEIGHT", in pixels. Raises InputError that begins with `where`.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: expected an object")
    mean = _numbers(where, "mean", values.get("mean", default.mean))
    std = _numbers(where, "std", values.get("std", default.std))
    if min(std) <= 0:
        raise InputError(f"{where}: std is {list(std)}; expected positive numbers")
    for key, numbers in (("mean", mean), ("std", std)):
        if key in values and 0 < max(numbers) <= 1 and numbers != (1, 1, 1):
            times = ", ".join(f"{255 * number:.6g}" for number in numbers)
            raise InputError(
                f"{where}: {key} is {list(numbers)}, for pixels of 0 to 1; write it for grey "
                f"levels of 0 to 255: {times}"
            )
    channels = values.get("channels", default.channels)
    if channels not in ("RGB", "BGR"):
        raise InputError(f"{where}: channels is {channels!r:.60}; expected RGB or BGR")
    if values.get("size") is not None:
        default = replace(default.without_size(), size=_size(where, values["size"]))
    return replace(default, mean=mean, std=std, channels=channels)


def _size(where: str, size: Any) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size) if isinstance(size, str) else None
    sides = [int(match[2]), int(match[1])] if match else size
    if (
        isinstance(sides, list | tuple)
        and len(sides) == 2
        and all(type(side) is int and 0 < side <= LARGEST_SIDE for side in sides)
    ):
        return sides[0], sides[1]
    raise InputError(
        f"{where}: size is {size!r:.60}; expected [height, width] in pixels, up to {LARGEST_SIDE}"
    )


def parse_window(where: str, value: Any, default: Window) -> Window:
    """Return the window that a mode, or a mapping of mode, crop and stride, declares.

    Crop and stride are each the side of a square in pixels, or [height, width]. None is the
    default. Raises InputError that begins with `where`.
    """
    if value is None:
        return default
    values: Any = {"mode": value} if isinstance(value, str) else value
    if isinstance(values, Mapping) and values.keys() <= {"mode", "crop", "stride"}:
        mode = values.get("mode", "slide")
        crop, stride = values.get("crop", default.crop), values.get("stride", default.stride)
        pairs = [_pair(each) for each in (crop, stride)]
        sides = [side for pair in pairs for side in pair]
        valid = all(type(side) is int and 0 < side <= LARGEST_SIDE for side in sides)
        if mode in ("slide", "whole") and len(sides) == 4 and valid:
            (height, width), (down, right) = pairs
            if down <= height and right <= width:
                return Window(
                    mode, *(one if one == other else (one, other) for one, other in pairs)
                )
    raise InputError(
        f"{where}: window is {value!r:.80}; expected whole, slide, or a mode with the crop and "
        "stride of windows in pixels, each a number or [height, width]"
    )


def _pair(sides: Any) -> Sequence[Any]:
    return sides if isinstance(sides, list | tuple) else [sides, sides]


def parse_class_names(
    where: str, names: Any, data: str, classes: Sequence[str]
) -> tuple[str, ...] | None:
    """Return the names of a model's classes, or None for a model that does not name them.

    Raises InputError that begins with `where` for any value except a list of strings, and for
    another number of classes than the data has.
    """
    if names is None:
        return None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{where}: classes is {names!r:.60}; expected a list of names")
    check_class_count(where, len(names), len(classes), data)
    return tuple(names)


def _numbers(where: str, key: str, values: Any) -> tuple[float, float, float]:
    if (
        not isinstance(values, list | tuple)
        or len(values) != 3
        or not all(isinstance(value, int | float) for value in values)
    ):
        raise InputError(f"{where}: {key} is {values!r:.60}; expected three numbers")
    return float(values[0]), float(values[1]), float(values[2])
