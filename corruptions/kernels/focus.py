"""Fast path of `depth.focus`: each pixel adds to its own disc, instead of discs to each pixel.

A disc is one run of pixels in each of its rows; a run is added by its two ends, and the rows are
summed up once a layer. All sums are whole numbers, so the pixels are those of the definition.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float32, Float64, Int32, Int64, Uint8
from ..compiling import kernel
from ..depth.focus import FAR_FOCUS, NEAR_FOCUS, half_widths, radii, rounded
from ..severity_table import Strength

__all__ = ["FAR_FOCUS", "NEAR_FOCUS", "far_focus", "near_focus"]


def near_focus(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:  # noqa: ARG001
    """Return an image, RGB uint8 (H, W, 3), that is sharp nearby, for metres (H, W)."""
    return defocused(image, radii(depth, *NEAR_FOCUS.at(strength)))


def far_focus(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:  # noqa: ARG001
    """Return an image, RGB uint8 (H, W, 3), that is sharp far away, for metres (H, W)."""
    return defocused(image, radii(depth, *FAR_FOCUS.at(strength)))


def working_memory(height: int, width: int) -> int:
    """Return the bytes of the colours, opacities and ends of runs of an image."""
    return height * (32 * width + 16 * (width + 1))


def defocused(image: Uint8, radius: Int64) -> Uint8:
    """Blur each layer of one radius by its disc, and lay nearer layers over farther ones."""
    height, width, _ = image.shape
    mixed = np.zeros((height, width, 4))
    ends = np.zeros((height, width + 1, 4), np.int32)
    for level in np.unique(radius):
        half = half_widths(abs(int(level)))
        _add_runs(image, radius, level, half, ends)
        _lay_over(ends, int((2 * half + 1).sum()), mixed)
    return rounded(mixed[..., :3] / mixed[..., 3:])


@kernel
def _add_runs(image: Uint8, radius: Int64, level: int, half: Int64, ends: Int32) -> None:
    """Add the ends of the runs of each pixel of a layer, and of its edges, which are repeated."""
    height, width, _ = image.shape
    reach = half.size // 2
    for y in range(-reach, height + reach):
        row = min(max(y, 0), height - 1)
        for x in range(-reach, width + reach):
            column = min(max(x, 0), width - 1)
            if radius[row, column] != level:
                continue
            for index in range(half.size):
                to = y + index - reach
                first = max(x - half[index], 0)
                last = min(x + half[index] + 1, width)
                if not (0 <= to < height and first < last):
                    continue
                for channel in range(3):
                    value = np.int32(image[row, column, channel])
                    ends[to, first, channel] += value
                    ends[to, last, channel] -= value
                ends[to, first, 3] += 1
                ends[to, last, 3] -= 1


@kernel
def _lay_over(ends: Int32, pixels: int, mixed: Float64) -> None:
    """Lay a layer, whose runs are summed up and cleared, over those before it."""
    height, width, _ = mixed.shape
    sums = np.empty(4, np.int64)
    for y in range(height):
        sums[:] = 0
        for x in range(width):
            for channel in range(4):
                sums[channel] += ends[y, x, channel]
            if sums[3] == 0:
                continue
            share = sums[3] / pixels
            for channel in range(4):
                mixed[y, x, channel] = mixed[y, x, channel] * (1 - share) + sums[channel] / pixels
    ends[:] = 0
