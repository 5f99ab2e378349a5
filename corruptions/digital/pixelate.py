"""Pixelate: the image in few, large pixels.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

It holds no chance. The package lets Pillow make the image small by its box filter and large again
by its nearest neighbour. Here are Pillow's integers: a mean is a sum times 2**22 over its number,
rounded to a grey level, first along each row and then along the columns. The newest Pillow takes
images much taller than wide in the other order, which moves some of their levels by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel

PIXELATE = (0.6, 0.5, 0.4, 0.3, 0.25)
"""By severity: the side of the small image, where that of the image is 1."""

BITS = np.uint32(22)  # behind the point, in a mean before it is rounded
HALF = np.uint32(1 << 21)
ONE, TWO, THREE = np.uint32(1), np.uint32(2), np.uint32(3)  # unsigned: no index counts from the end


def pixelate(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return the image, RGB uint8 (H, W, 3), shrunk to a part of its sides and enlarged again.

    A side too short for one small pixel gets one.
    """
    height, width, _ = image.shape
    part = PIXELATE[severity - 1]
    small_height, small_width = max(int(height * part), 1), max(int(width * part), 1)
    small = np.empty((small_height, 3 * small_width), np.uint8)
    rows = np.ascontiguousarray(image).reshape(height, 3 * width)
    _shrink(rows, *boxes(height, small_height), *boxes(width, small_width), small)
    result = np.empty((height, width, 3), np.uint8)
    _enlarge(
        small,
        nearest(height, small_height),
        nearest(width, small_width),
        result.reshape(height, 3 * width),
    )
    return result


def boxes(side: int, small: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return where the box of each small pixel begins in a side, and where it ends: two (small,).

    A pixel belongs to the box in which its centre lies. Where that is an edge, Pillow's rounding
    decides, which may leave a pixel out or put it into two boxes: so each step here is Pillow's,
    also that it asks the last pixel once more whether it belongs to the box.
    """
    scale = side / small
    centres = (np.arange(small) + 0.5) * scale
    first = np.floor(centres - 0.5 * scale + 0.5)
    end = np.minimum(np.floor(centres + 0.5 * scale + 0.5), side)
    end -= (end - 1.0 - centres + 0.5) * (1.0 / scale) > 0.5
    return first.astype(np.uint32), end.astype(np.uint32)


def nearest(side: int, small: int) -> NDArray[np.uint32]:
    """Return which small pixel each pixel of a side shows: (side,).

    It is the one in which the pixel's centre lies. Pillow adds step on step, and so do we: the
    sums, with their errors, decide where a centre is on an edge.
    """
    steps = np.full(side, small / side)
    steps[0] *= 0.5
    return np.cumsum(steps).astype(np.uint32)  # one after another


@kernel
def _shrink(
    rows: NDArray[np.uint8],
    tops: NDArray[np.uint32],
    bottoms: NDArray[np.uint32],
    lefts: NDArray[np.uint32],
    rights: NDArray[np.uint32],
    small: NDArray[np.uint8],
) -> None:
    """Write the means of the boxes of rows (H, 3 W) to `small` (h, 3 w)."""
    shares = ((1 << BITS) / (rights - lefts) + 0.5).astype(np.uint32)
    sums = np.empty(small.shape[1], np.uint32)
    for y in range(tops.size):
        sums[:] = 0
        for source in range(tops[y], bottoms[y]):
            row = rows[source]
            for x in range(lefts.size):
                red = green = blue = np.uint32(0)
                for column in range(lefts[x], rights[x]):
                    place = THREE * np.uint32(column)
                    red += row[place]
                    green += row[place + ONE]
                    blue += row[place + TWO]
                sums[3 * x] += np.uint32(red * shares[x] + HALF) >> BITS
                sums[3 * x + 1] += np.uint32(green * shares[x] + HALF) >> BITS
                sums[3 * x + 2] += np.uint32(blue * shares[x] + HALF) >> BITS
        share = np.uint32((1 << BITS) / (bottoms[y] - tops[y]) + 0.5)
        means = small[y]
        for i in range(means.size):
            means[i] = np.uint32(sums[i] * share + HALF) >> BITS


@kernel
def _enlarge(
    small: NDArray[np.uint8],
    rows: NDArray[np.uint32],
    columns: NDArray[np.uint32],
    result: NDArray[np.uint8],
) -> None:
    """Write a small image (h, 3 w) to `result` (H, 3 W), which shows these rows and columns."""
    for y in range(rows.size):
        row = result[y]
        if y > 0 and rows[y] == rows[y - 1]:
            above = result[y - 1]
            for i in range(row.size):  # much faster in Numba than row[:] = above
                row[i] = above[i]
            continue
        shown = small[rows[y]]
        for x in range(columns.size):
            place = THREE * columns[x]
            row[3 * x] = shown[place]
            row[3 * x + 1] = shown[place + ONE]
            row[3 * x + 2] = shown[place + TWO]
