"""Zoom blur: the mean of the image at several magnifications, as if the camera moved ahead.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

It holds no chance. A magnification is bilinear, so it goes along the columns first and then along
the rows, and one row of the result at a time goes through all magnifications in a processor's
nearest cache. The sums are those of the package, in float32 and in its order, so that flat areas
have its very levels; elsewhere its interpolation in float64 may differ from ours by a grey level.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel

ZOOM_BLUR = ((12, 1.01), (16, 1.01), (11, 1.02), (13, 1.02), (11, 1.03))
"""By severity: how many magnifications, from 1 up, and the second of them; all equally far apart.

They end at 1.11, 1.15, 1.2, 1.24 and 1.3.
"""

WHITE = np.float32(255)


def zoom_blur(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return the mean of the image, RGB uint8 (H, W, 3), and its magnifications, the first by 1.

    On a small image some magnifications are the image itself: one whose centre, cut out of it, is
    as large as the image. An image of one pixel does not change.
    """
    height, width, _ = image.shape
    count, second = ZOOM_BLUR[severity - 1]
    factors = [1.0 + step * (second - 1.0) for step in range(count)]
    rows, row_parts = zip(*(magnified(height, factor) for factor in factors), strict=True)
    columns, column_parts = zip(*(magnified(width, factor) for factor in factors), strict=True)
    light = np.zeros((height + 2, width + 2, 3), np.float32)  # black beyond the last row and column
    np.divide(image, WHITE, out=light[:height, :width], dtype=np.float32)
    result = np.empty((height, width, 3), np.uint8)
    _mean_of_magnified(
        light.reshape(height + 2, 3 * width + 6),
        np.array(rows),
        np.array(row_parts),
        np.array(columns),
        np.array(column_parts),
        result.reshape(height, 3 * width),
    )
    return result


def magnified(side: int, factor: float) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """Return where each pixel of a magnified side lies: after which one, and which part of the way.

    As SciPy's zoom has it: the centre that is cut out goes from its first pixel to its last, and
    what it becomes is cut off where the side ends. Where rounding takes a place beyond the last
    pixel, which happens to the end of some sides, that zoom is black: the place is `side` here.
    Two arrays (side,).
    """
    kept = math.ceil(side / factor)
    grown = round(kept * factor)
    first = (side - kept) // 2
    place = np.arange(side) * ((kept - 1) / max(grown - 1, 1))
    before = np.where(place > kept - 1, side - first, np.floor(place))
    return (first + before).astype(np.uint32), (place - np.floor(place)).astype(np.float32)


@kernel
def _mean_of_magnified(
    light: NDArray[np.float32],
    rows: NDArray[np.uint32],
    row_parts: NDArray[np.float32],
    columns: NDArray[np.uint32],
    column_parts: NDArray[np.float32],
    result: NDArray[np.uint8],
) -> None:
    """Write to `result` (H, 3 W) the mean of an image and its magnifications, in grey levels.

    The image goes from 0 to 1 and has two rows and two columns more, all black. Which rows (M, H)
    and columns (M, W) each of M magnifications mixes, and how, is as from `magnified`.
    """
    height, size = result.shape
    count, width = columns.shape
    mixed, total = np.empty(size + 6, np.float32), np.empty(size, np.float32)
    whole = np.float32(count + 1)
    for y in range(height):
        total[:] = 0
        for each in range(count):
            above, part = light[rows[each, y]], row_parts[each, y]
            below = light[rows[each, y] + 1]
            for i in range(mixed.size):
                mixed[i] = above[i] + part * (below[i] - above[i])
            column, parts = columns[each], column_parts[each]
            for x in range(width):
                left, part = 3 * column[x], parts[x]
                for channel in range(3):
                    value = mixed[left + channel]
                    step = mixed[left + channel + 3] - value
                    total[3 * x + channel] += value + part * step
        row, of_result = light[y], result[y]
        for i in range(size):
            mean = (row[i] + total[i]) / whole
            of_result[i] = np.uint8(min(mean, np.float32(1)) * WHITE)
