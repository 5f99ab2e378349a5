"""Light that water adds to an image; the definition is `weather.spatter.water_light`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiling import kernel

NINTH = 1.0 / 9.0
HALF_OF_9 = np.int32(4)
NINE = np.int32(9)


def relief_light(liquid: NDArray[np.uint8], distances: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return liquid times relief, uint16 (H, W), from liquid (H, W) in grey levels.

    The distances to the edges, up to 20, have a border of two pixels: (H + 4, W + 4).
    """
    levels = np.empty(liquid.shape, np.uint8)
    _mean_of_distances(distances, levels)
    equalize(levels)
    relief = np.empty_like(levels)
    _emboss(np.pad(levels, 1, mode="reflect"), relief)
    light = np.empty(liquid.shape, np.uint16)
    _mean_times(np.pad(relief, 1, mode="reflect"), liquid, light)
    return light


def equalize(levels: NDArray[np.uint8]) -> None:
    """Spread grey levels (H, W) over 0 to 255, in place; see `weather.spatter.equalized`."""
    counts = _count(levels.reshape(-1))
    lowest = int(np.flatnonzero(counts)[0])
    above = levels.size - int(counts[lowest])
    if above > 0:
        counts[lowest] = 0
        scale = np.float32(255) / np.float32(above)
        table = np.rint(np.cumsum(counts).astype(np.float32) * scale)
        _replace(levels.reshape(-1), table.astype(np.uint8))


@kernel
def _count(levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the histogram (256,) of levels (N,).

    Two counters take turns, since equal neighbours would wait for each other in one.
    """
    even, odd = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for i in range(0, levels.size - 1, 2):
        even[levels[i]] += 1
        odd[levels[i + 1]] += 1
    if levels.size % 2 == 1:
        even[levels[-1]] += 1
    return even + odd


@kernel
def _replace(levels: NDArray[np.uint8], table: NDArray[np.uint8]) -> None:
    """Replace each of the levels (N,) by its entry in a table (256,)."""
    for i in range(levels.size):
        levels[i] = table[levels[i]]


@kernel
def _mean_of_distances(distances: NDArray[np.float32], levels: NDArray[np.uint8]) -> None:
    """Write the means of 3 x 3 distances, mirrored at the edges, truncated to levels (H, W).

    They are rounded to float32 before, as in OpenCV.
    """
    height, width = levels.shape
    sums = np.empty(width + 2)
    for y in range(height):
        above = min(abs(y - 1), height - 1)
        below = max(0, height - 1 - abs(height - 2 - y))
        upper, row, lower = distances[above + 2], distances[y + 2], distances[below + 2]
        for x in range(width):
            total = np.float64(upper[x + 2]) + np.float64(row[x + 2]) + np.float64(lower[x + 2])
            sums[x + 1] = total
        sums[0], sums[width + 1] = sums[min(2, width)], sums[max(1, width - 1)]
        for x in range(width):
            mean = np.float32((sums[x] + sums[x + 1] + sums[x + 2]) * NINTH)
            levels[y, x] = np.uint8(np.int32(mean))


@kernel
def _emboss(padded: NDArray[np.uint8], relief: NDArray[np.uint8]) -> None:
    """Write a plane (H + 2, W + 2) filtered by -2 -1 0, -1 1 1, 0 1 2, and clipped to 0 .. 255."""
    for y in range(relief.shape[0]):
        above, row, below, result = padded[y], padded[y + 1], padded[y + 2], relief[y]
        for x in range(result.size):
            lit = np.int32(row[x + 1]) + row[x + 2] + below[x + 1] + 2 * np.int32(below[x + 2])
            dark = 2 * np.int32(above[x]) + above[x + 1] + row[x]
            result[x] = np.uint8(min(max(lit - dark, 0), 255))


@kernel
def _mean_times(
    padded: NDArray[np.uint8], liquid: NDArray[np.uint8], light: NDArray[np.uint16]
) -> None:
    """Write the rounded means of 3 x 3 levels of a plane (H + 2, W + 2), times the liquid."""
    sums = np.empty(padded.shape[1], np.int32)
    for y in range(liquid.shape[0]):
        above, row, below = padded[y], padded[y + 1], padded[y + 2]
        for x in range(sums.size):
            sums[x] = np.int32(above[x]) + np.int32(row[x]) + np.int32(below[x])
        levels, result = liquid[y], light[y]
        for x in range(levels.size):
            mean = np.int32(sums[x] + sums[x + 1] + sums[x + 2] + HALF_OF_9) // NINE
            result[x] = np.uint16(mean * levels[x])
