"""Pixelate: the image in few, large pixels.

The image is shrunk by Pillow's box filter and enlarged by nearest neighbour, in Pillow's integers:
a mean is a sum times 2**22 / count, rounded to a grey level, first along the rows and then along
the columns. Recent versions of Pillow filter tall images in the other order, which changes some of
their levels by one.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Uint8, Uint32
from ..compiling import kernel
from ..severity_table import Parameter, SeverityTable, Strength

PIXELATE = SeverityTable(Parameter("ratio", (0.6, 0.5, 0.4, 0.3, 0.25), 0.05, 1))
"""Ratio of the sides of the small image to those of the image."""

BITS = np.uint32(22)  # fraction bits of a mean before it is rounded
HALF = np.uint32(1 << 21)
ONE, TWO, THREE = np.uint32(1), np.uint32(2), np.uint32(3)  # unsigned indices need no check


def pixelate(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), shrunk and enlarged again.

    The small image has at least one pixel a side.
    """
    height, width, _ = image.shape
    (ratio,) = PIXELATE.at(strength)
    small_height, small_width = max(int(height * ratio), 1), max(int(width * ratio), 1)
    small = np.empty((small_height, 3 * small_width), np.uint8)
    rows = np.ascontiguousarray(image).reshape(height, 3 * width)
    _shrink(rows, *boxes(height, small_height), *boxes(width, small_width), small)
    result = np.empty((height, 3 * width), np.uint8)
    _enlarge(small, nearest(height, small_height), nearest(width, small_width), result)
    return result.reshape(image.shape)


def boxes(side: int, small: int) -> tuple[Uint32, Uint32]:
    """Return the first pixel of each box in a side, and the pixel after its last, both (small,).

    A pixel belongs to the box that contains its centre. If the centre lies on an edge, Pillow's
    rounding decides, which may put a pixel into two boxes or into none. Each step is Pillow's,
    including the second test of the last pixel.
    """
    scale = side / small
    centres = (np.arange(small) + 0.5) * scale
    first = np.floor(centres - 0.5 * scale + 0.5)
    end = np.minimum(np.floor(centres + 0.5 * scale + 0.5), side)
    end -= (end - 1.0 - centres + 0.5) * (1.0 / scale) > 0.5
    return first.astype(np.uint32), end.astype(np.uint32)


def nearest(side: int, small: int) -> Uint32:
    """Return the small pixel that contains the centre of each pixel of a side, (side,).

    Steps are added up as in Pillow, whose rounding decides if a centre lies on an edge.
    """
    steps = np.full(side, small / side)
    steps[0] *= 0.5
    return np.cumsum(steps).astype(np.uint32)  # sequential


@kernel
def _shrink(
    rows: Uint8, tops: Uint32, bottoms: Uint32, lefts: Uint32, rights: Uint32, small: Uint8
) -> None:
    """Write the small image (h, 3 w): the means of the boxes of rows (H, 3 W)."""
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
def _enlarge(small: Uint8, rows: Uint32, columns: Uint32, result: Uint8) -> None:
    """Write the result (H, 3 W) from the rows and columns of a small image (h, 3 w)."""
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
