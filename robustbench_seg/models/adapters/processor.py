"""`preprocessor_config.json`: what an image processor of transformers does to an image.

Read as JSON: the processors themselves need packages that transformers does not bring along.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ...errors import InputError
from ..base import IMAGENET, Preprocessing
from .declared import LARGEST_SIDE, parse

FILE = "preprocessor_config.json"
_RESAMPLE: Mapping[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}
# Steps after which the labels would no longer lie on the pixels of the image.
_REFUSED = ("do_center_crop", "do_split_image", "keep_aspect_ratio")


@dataclass(frozen=True)
class ProcessorPreprocessing(Preprocessing):
    """A processor's: uint8 images resized by Pillow, then normalised.

    Where there are `edges` instead of a `size`, the shortest side of an image gets the first of
    them, but its longest side at most the second.
    """

    edges: tuple[int, int | None] | None = None
    divisor: int = 1
    """What the sides are rounded up to a multiple of, in pixels."""
    resample: Literal["bilinear", "bicubic"] = "bilinear"

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size (height, width) at which an image of a size enters the network."""
        if self.size is not None:
            return self.size
        if self.edges is None:
            return size
        shortest, longest = self.edges
        scaled = float(shortest)
        # The rounding is transformers': it decides the pixels.
        if longest is not None and max(size) / min(size) * shortest > longest:
            scaled = longest * min(size) / max(size)
        short, long = round(scaled), int(scaled * max(size) / min(size))
        if min(size) == short:
            short, long = min(size), max(size)
        height, width = (short, long) if size[0] <= size[1] else (long, short)
        return self._rounded(height), self._rounded(width)

    def without_size(self) -> ProcessorPreprocessing:
        """Return the same for images that keep their size."""
        return replace(self, size=None, edges=None)

    def normalise(self, images: Tensor) -> Tensor:
        """Return float32 (N, 3, h, w), resized, of RGB uint8 (N, 3, H, W) images."""
        size = self.input_size((images.shape[2], images.shape[3]))
        if size != images.shape[2:]:
            images = self._resized(images, size)
        return super().normalise(images)

    def _resized(self, images: Tensor, size: tuple[int, int]) -> Tensor:
        # By Pillow, whose integers are the same everywhere, not by the device.
        resample = Image.Resampling[self.resample.upper()]
        resized = [
            np.asarray(Image.fromarray(image).resize((size[1], size[0]), resample))
            for image in images.permute(0, 2, 3, 1).cpu().numpy()  # (H, W, 3) -> (*size, 3)
        ]
        return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).to(images.device)

    def _rounded(self, side: int) -> int:
        return math.ceil(side / self.divisor) * self.divisor


def preprocessing_from_dict(values: Mapping[str, Any]) -> Preprocessing:
    """Return the preprocessing of either kind that `asdict` made plain values of, or JSON did."""
    kind = ProcessorPreprocessing if "edges" in values else Preprocessing
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return kind(**{**values, **lists})


def read_processor(folder: Path, *, square: bool, divisor: int) -> tuple[Preprocessing, list[str]]:
    """Return the preprocessing that a folder's processor does, and notes on what is assumed.

    A size of one number means a square, or else the shortest edge. divisor is that of processors
    which do not say theirs. Raises InputError for what is not supported.
    """
    path = folder / FILE
    if not path.is_file():
        return IMAGENET, [f"no {FILE}: ImageNet's mean and std, and images of their own size"]
    values = parse(str(path), path.read_bytes())
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected an object")
    for key in _REFUSED:
        if values.get(key):
            raise InputError(
                f"{path}: {key} is not supported: what it does to images cannot be undone for "
                "labels; use a copy of the folder in which it is false"
            )
    mean, std = _normalisation(path, values)
    resample = values.get("resample", 2)
    if not isinstance(resample, int) or resample not in _RESAMPLE:
        raise InputError(
            f"{path}: resample is {resample!r:.60}; supported are 2, bilinear, and 3, cubic"
        )
    size, edges = None, None
    if values.get("do_resize", "size" in values):
        size, edges = _size(path, values, square)
        divisor = values.get("size_divisor", divisor)
        sides = [side for side in (*(size or ()), *(edges or ()), divisor) if side is not None]
        if not all(isinstance(side, int) and 0 < side <= LARGEST_SIDE for side in sides):
            raise InputError(f"{path}: sizes must be whole pixels, 1 to {LARGEST_SIDE}")
        if size is not None:
            size = (math.ceil(size[0] / divisor) * divisor, math.ceil(size[1] / divisor) * divisor)
    channels: Literal["RGB", "BGR"] = "BGR" if values.get("do_flip_channel_order") else "RGB"
    resized = _RESAMPLE[resample]
    return ProcessorPreprocessing(mean, std, channels, size, edges, divisor, resized), []


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
        longest = values.get("max_size")
        size = (
            {"height": size, "width": size}
            if square
            else {"shortest_edge": size, "longest_edge": longest}
        )
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
