"""Sliding windows over the input of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.base import Window, both_sides
from ..protocol.input_geometry import Size


class WindowGrid(NamedTuple):
    """Windows of one size over an input: first rows, first columns, height, width in pixels."""

    tops: list[int]
    lefts: list[int]
    height: int
    width: int

    @property
    def number(self) -> int:
        """Number of windows."""
        return len(self.tops) * len(self.lefts)


def window_grid(window: Window, size: Size) -> WindowGrid:
    """Return the windows over an input of size (height, width)."""
    if window.mode == "whole":
        return WindowGrid([0], [0], *size)
    sides = zip(size, window.crop_size, both_sides(window.stride), strict=True)
    tops, lefts = (window_starts(*each) for each in sides)
    height, width = window.crop_size
    return WindowGrid(tops, lefts, min(size[0], height), min(size[1], width))


def window_starts(length: int, crop: int, stride: int) -> list[int]:
    """Return the first pixel of each window along a side, as in mmsegmentation's slide mode.

    The last window is moved back inside the image.
    """
    last = max(length - crop, 0)
    return [min(start, last) for start in range(0, last + stride, stride)]


def averaged(logits: Tensor, grid: WindowGrid, size: Size, align_corners: bool) -> Tensor:
    """Average the logits of windows, (windows, N, K, h, w), over an input: (1, N, K, *size).

    They are resized to the windows first, as in mmsegmentation's slide mode.
    """
    total = logits.new_zeros((*logits.shape[1:3], *size))  # (N, K, H, W)
    count = logits.new_zeros(size)
    places = [(top, left) for top in grid.tops for left in grid.lefts]
    window = grid.height, grid.width
    for (top, left), own in zip(places, logits, strict=True):
        rows, columns = slice(top, top + window[0]), slice(left, left + window[1])
        if own.shape[2:] != window:
            own = F.interpolate(own, window, mode="bilinear", align_corners=align_corners)
        total[..., rows, columns] += own  # (N, K, *window)
        count[rows, columns] += 1
    return (total / count)[None]  # (N, K, H, W) -> (1, N, K, H, W)


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Concatenate tensors (n, ...) along their first axis; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat([*parts])  # (n, ...) each -> (N, ...)
