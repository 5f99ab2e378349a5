"""The preprocessing of other projects, as their models declare it: how images are resized.

Of transformers' image processors, and of mmsegmentation's test pipelines.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from ..schema import parse
from .base import Preprocessing, Side

if TYPE_CHECKING:
    from torch import Tensor


class _ResizedFirst(Preprocessing, ABC):
    """Preprocessing of uint8 images that are resized before they are normalised."""

    def normalise(self, images: Tensor) -> Tensor:
        """Resize and normalise RGB uint8 (N, 3, H, W) images to float32 (N, 3, h, w)."""
        size = self.input_size((images.shape[2], images.shape[3]))
        if size != images.shape[2:]:
            images = self._resized(images, size)
        return super().normalise(images)

    def has_gradients(self, size: tuple[int, int]) -> bool:
        """Return whether images of a size are not resized, which happens in integers."""
        return self.input_size(size) == size

    @abstractmethod
    def _resized(self, images: Tensor, size: tuple[int, int]) -> Tensor: ...


@dataclass(frozen=True)
class ProcessorPreprocessing(_ResizedFirst):
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


@dataclass(frozen=True)
class PipelinePreprocessing(_ResizedFirst):
    """Preprocessing of uint8 images that OpenCV resizes before they are normalised, as mmcv does.

    With `box` instead of a `size`, images become as large as fits into its longest and shortest
    side; with `shortest_first`, their shortest side becomes the second of them, and they are made
    smaller if the longest is above the first.
    """

    box: tuple[Side, Side] | None = None
    shortest_first: bool = False
    interpolation: Literal["nearest", "bilinear", "bicubic", "area", "lanczos"] = "bilinear"

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        if self.box is None:
            return super().input_size(size)
        longest, shortest = self.box
        if self.shortest_first:
            longest, shortest = self._within(size, longest, shortest)
        # mmcv rounds in this order.
        factor = min(longest / max(size), shortest / min(size))
        return int(size[0] * factor + 0.5), int(size[1] * factor + 0.5)

    def without_size(self) -> PipelinePreprocessing:
        return replace(self, size=None, box=None)

    def _resized(self, images: Tensor, size: tuple[int, int]) -> Tensor:
        import cv2
        import torch

        flag = getattr(cv2, f"INTER_{_OPENCV.get(self.interpolation, self.interpolation).upper()}")
        # In the order of mmcv: OpenCV rounds by the place of a channel in memory.
        blue_first = images.flip(1).permute(0, 2, 3, 1)  # (N, 3, H, W) -> (N, H, W, 3)
        resized = [
            cv2.resize(np.ascontiguousarray(image), (size[1], size[0]), interpolation=flag)
            for image in blue_first.cpu().numpy()
        ]
        return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).flip(1).to(images.device)

    @staticmethod
    def _within(size: tuple[int, int], longest: int, shortest: int) -> tuple[int, int]:
        """Return the longest and shortest side to which mmsegmentation resizes an image."""
        factor = shortest / min(size)
        short, long = float(shortest), factor * max(size)
        if long > longest:
            short, long = short * (longest / long), long * (longest / long)
        return int(long + 0.5), int(short + 0.5)


_OPENCV = {"bilinear": "linear", "bicubic": "cubic", "lanczos": "lanczos4"}
"""OpenCV's names of interpolations, where mmcv has others."""


def preprocessing_from_dict(
    values: Mapping[str, Any], where: str = "preprocessing"
) -> Preprocessing:
    """Return the preprocessing of any class from the values of `asdict`, or from JSON.

    InputError for other values begins with `where`.
    """
    kinds = {"edges": ProcessorPreprocessing, "box": PipelinePreprocessing}
    given = values if isinstance(values, Mapping) else {}
    kind = next((kind for key, kind in kinds.items() if key in given), Preprocessing)
    return parse(kind, values, where)
