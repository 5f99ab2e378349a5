"""Sliding windows over the input of a network."""

from __future__ import annotations

from typing import NamedTuple

from ..models.base import Window
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
    tops, lefts = (window_starts(length, window.crop, window.stride) for length in size)
    return WindowGrid(tops, lefts, min(size[0], window.crop), min(size[1], window.crop))


def window_starts(length: int, crop: int, stride: int) -> list[int]:
    """Return the first pixel of each window along a side, as in mmsegmentation's slide mode.

    The last window is moved back inside the image.
    """
    last = max(length - crop, 0)
    return [min(start, last) for start in range(0, last + stride, stride)]
