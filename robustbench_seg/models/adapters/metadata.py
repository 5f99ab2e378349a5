"""JSON metadata of third-party models: preprocessing, classes, training data.

ONNX files have it in their metadata, TorchScript files in extra files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import InputError
from ..base import IMAGENET, Preprocessing
from ..class_names import check_class_count

LARGEST_SIDE = 2**14
"""Longest side of an input in pixels that a file may request, which limits the memory."""


def parse_json(where: str, text: str | bytes) -> Any:
    """Parse JSON. Raises InputError that begins with `where`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON: {text[:40]!r}") from error


def parse_preprocessing(where: str, values: Any) -> Preprocessing:
    """Return the preprocessing that a mapping declares, with ImageNet's values as defaults.

    mean and std are in grey levels (0-255), in the order of `channels` ("RGB" or "BGR"); `size` is
    (height, width) in pixels. Raises InputError that begins with `where`.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: expected an object")
    mean = _numbers(where, "mean", values.get("mean", IMAGENET.mean))
    std = _numbers(where, "std", values.get("std", IMAGENET.std))
    if min(std) <= 0:
        raise InputError(f"{where}: std is {list(std)}; expected positive numbers")
    channels = values.get("channels", "RGB")
    if channels not in ("RGB", "BGR"):
        raise InputError(f"{where}: channels is {channels!r}; expected RGB or BGR")
    size = values.get("size")
    if size is not None and not (
        isinstance(size, list | tuple)
        and len(size) == 2
        and all(isinstance(side, int) and 0 < side <= LARGEST_SIDE for side in size)
    ):
        raise InputError(
            f"{where}: size is {size!r:.60}; expected [height, width] in pixels, up to "
            f"{LARGEST_SIDE}"
        )
    return Preprocessing(mean, std, channels, None if size is None else (size[0], size[1]))


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
