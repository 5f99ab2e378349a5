"""The preprocessing of transformers' image processors, as its models declare it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from ..schema import parse
from .base import Preprocessing, Side

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ProcessorPreprocessing(Preprocessing):
    """Preprocessing of uint8 images that Pillow resizes before they are normalised.

    With `edges` instead of a `size`, the shortest side of an image becomes the first of them, but
    its longest side at most the second.
    """

    edges: tuple[Side, Side | None] | None = None
    divisor: Side = 1
    """Pixels of which the sides are rounded up to a multiple."""
    resample: Literal["bilinear", "bicubic"] = "bilinear"

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        if self.edges is None:
            return super().input_size(size)
        shortest, longest = self.edges
        scaled = float(shortest)
        # transformers rounds in this order, on which the pixels depend.
        if longest is not None and max(size) / min(size) * shortest > longest:
            scaled = longest * min(size) / max(size)
        short, long = round(scaled), int(scaled * max(size) / min(size))
        if min(size) == short:
            short, long = min(size), max(size)
        height, width = (short, long) if size[0] <= size[1] else (long, short)
        return self._rounded(height), self._rounded(width)

    def without_size(self) -> ProcessorPreprocessing:
        return replace(self, size=None, edges=None)

    def normalise(self, images: Tensor) -> Tensor:
        """Resize and normalise RGB uint8 (N, 3, H, W) images to float32 (N, 3, h, w)."""
        size = self.input_size((images.shape[2], images.shape[3]))
        if size != images.shape[2:]:
            images = self._resized(images, size)
        return super().normalise(images)

    def _resized(self, images: Tensor, size: tuple[int, int]) -> Tensor:
        import torch

        # Pillow resizes in integers, which are the same on every device.
        resample = Image.Resampling[self.resample.upper()]
        resized = [
            np.asarray(Image.fromarray(image).resize((size[1], size[0]), resample))
            for image in images.permute(0, 2, 3, 1).cpu().numpy()  # (H, W, 3) -> (*size, 3)
        ]
        return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).to(images.device)

    def _rounded(self, side: int) -> int:
        return math.ceil(side / self.divisor) * self.divisor


def preprocessing_from_dict(
    values: Mapping[str, Any], where: str = "preprocessing"
) -> Preprocessing:
    """Return the preprocessing of either class from the values of `asdict`, or from JSON.

    InputError for other values begins with `where`.
    """
    processor = isinstance(values, Mapping) and "edges" in values
    return parse(ProcessorPreprocessing if processor else Preprocessing, values, where)
