"""`preprocessor_config.json`: the preprocessing of a transformers model.

It is read as JSON, since transformers' processors need packages that it does not install.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ...errors import InputError
from ...reading import SETTINGS, read_data
from ..base import IMAGENET, Preprocessing
from ..preprocessing import ProcessorPreprocessing
from .metadata import LARGEST_SIDE, parse_json

FILE = "preprocessor_config.json"
_RESAMPLE: Mapping[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}
# Steps after which labels would no longer lie on the pixels of the image.
_REFUSED = ("do_center_crop", "keep_aspect_ratio")


def read_processor(
    folder: Path, *, square: bool, divisor: int, splits: bool = False
) -> tuple[Preprocessing, list[str]]:
    """Return the preprocessing of a folder's processor, and notes on assumptions.

    A size of one number means a square if `square`, else the shortest edge. divisor is the default
    for processors that do not give theirs. With `splits`, the network splits images and cannot take
    padded ones. Raises InputError for settings that are not supported.
    """
    path = folder / FILE
    if not path.exists():
        return IMAGENET, [f"no {FILE}: ImageNet's mean and std, and images of their own size"]
    values = _read(path)
    for key in (*_REFUSED, "do_pad" if splits else "do_split_image"):
        if values.get(key):
            raise InputError(
                f"{path}: {key} is not supported, since labels would not fit the images; use a "
                "copy of the folder in which it is false"
            )
    mean, std = _normalisation(path, values)
    resample = values.get("resample", 2)
    if not isinstance(resample, int) or resample not in _RESAMPLE:
        raise InputError(
            f"{path}: resample is {resample!r:.60}; expected 2 (bilinear) or 3 (bicubic)"
        )
    size, edges = None, None
    if values.get("do_resize", "size" in values):
        size, edges = _size(path, values, square)
        divisor = values.get("size_divisor", divisor)
        sides = [side for side in (*(size or ()), *(edges or ()), divisor) if side is not None]
        if not all(isinstance(side, int) and 0 < side <= LARGEST_SIDE for side in sides):
            raise InputError(
                f"{path}: size is not 1 to {LARGEST_SIDE} whole pixels; write such a size"
            )
        if size is not None:
            size = (math.ceil(size[0] / divisor) * divisor, math.ceil(size[1] / divisor) * divisor)
    channels: Literal["RGB", "BGR"] = "BGR" if values.get("do_flip_channel_order") else "RGB"
    resized = _RESAMPLE[resample]
    return ProcessorPreprocessing(mean, std, channels, size, edges, divisor, resized), []


def splits_images(folder: Path) -> bool:
    """Return whether a folder's processor splits images into squares; InputError if it is bad."""
    path = folder / FILE
    return path.exists() and _read(path).get("do_split_image") is True


def _read(path: Path) -> dict[str, Any]:
    values = parse_json(str(path), read_data(path, SETTINGS))
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected an object")
    return values


def _normalisation(
    path: Path, values: Mapping[str, Any]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    factor = values.get("rescale_factor", 1 / 255) if values.get("do_rescale", True) else 1.0
    if not isinstance(factor, int | float) or not 0 < factor < math.inf:
        raise InputError(f"{path}: rescale_factor is {factor!r:.60}; expected a positive number")
    grey = 1 / factor
    if not values.get("do_normalize", "image_mean" in values):
        return (0.0, 0.0, 0.0), (grey, grey, grey)
    try:
        # numpy would take one number for all channels, and so does transformers.
        mean, std = (
            [given] * 3 if isinstance(given, int | float) else given
            for given in (values["image_mean"], values["image_std"])
        )
        (r, g, b), (x, y, z) = mean, std
        return (r * grey, g * grey, b * grey), (x * grey, y * grey, z * grey)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected image_mean and image_std of three numbers") from error


def _size(
    path: Path, values: Mapping[str, Any], square: bool
) -> tuple[tuple[int, int] | None, tuple[int, int | None] | None]:
    size = values.get("size")
    if isinstance(size, int):
        edges = {"shortest_edge": size, "longest_edge": values.get("max_size")}
        size = {"height": size, "width": size} if square else edges
    match size:
        case {"height": int(height), "width": int(width)}:
            return (height, width), None
        case {"shortest_edge": int(shortest), "longest_edge": int() | None as longest}:
            return None, (shortest, longest)
        case {"shortest_edge": int(shortest)}:
            return None, (shortest, None)
    raise InputError(
        f"{path}: do_resize with size {size}; expected height and width, or shortest_edge; write "
        "them there, or do_resize false"
    )
