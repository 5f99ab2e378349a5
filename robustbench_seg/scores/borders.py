"""Pixels near the borders between labels, by Chebyshev distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..label_types import LabelMap

EDGES = 3
"""Number of columns for the edges in the counts of boundaries, behind those of the band."""

Mask = NDArray[np.bool_]
_ROWS = 128
"""Fewest rows that are filtered together; so many stay in the processor's cache."""


def near_border(labels: LabelMap, ignored: Mask, distance: int) -> Mask:
    """Return the pixels that have a pixel of another label within a distance: bool (H, W).

    `distance` is a Chebyshev distance in pixels, at least 1: the pixels within it form a square.
    `ignored` pixels (H, W) are near nothing and make no border, whatever their labels; nor does the
    image edge. The time hardly depends on the distance.
    """
    height, width = labels.shape
    reach = min(distance, max(height, width))
    rows = max(_ROWS, 2 * reach)
    near = np.empty((height, width), np.bool_)
    for first in range(0, height, rows):
        part = slice(first, min(first + rows, height))
        around = slice(max(first - reach, 0), part.stop + reach)
        own, left_out = labels[around], ignored[around]
        above = reach - (first - around.start)  # missing rows of the square above the image
        # The square has one label if its smallest is its largest, which is the smallest by
        # inverted bits. Bits of ignored pixels are all set, and so never the smallest.
        all_set = np.multiply(left_out, np.iinfo(labels.dtype).max, dtype=labels.dtype)
        smallest, inverted = (
            _smallest_around(values | all_set, above, part.stop - first, reach)
            for values in (own, ~own)
        )
        np.not_equal(smallest, ~inverted, out=near[part])
    return near & ~ignored


def _smallest_around(
    values: NDArray[Any], above: int, rows: int, reach: int
) -> NDArray[np.unsignedinteger[Any]]:
    """Return the smallest value in the square of 2 reach + 1 pixels around each: (rows, W).

    `values` has the rows from `reach - above` above the first to `reach` below the last, or to the
    image edge.
    """
    width = values.shape[1]
    stride = width + reach
    # As one row, so that a shift by a pixel or by a row is a slice. Filled between rows and around.
    filled = np.full(
        (rows + 2 * reach) * stride + 2 * reach, np.iinfo(values.dtype).max, values.dtype
    )
    grid = filled[reach : filled.size - reach].reshape(-1, stride)
    grid[above : above + len(values), :width] = values
    in_row = _window_minimum(filled, 2 * reach + 1, 1)  # ((rows + 2 reach) * stride,)
    in_square = _window_minimum(in_row, 2 * reach + 1, stride)  # (rows * stride,)
    return in_square.reshape(rows, stride)[:, :width]


def _window_minimum(values: NDArray[Any], length: int, step: int) -> NDArray[Any]:
    """Return the smallest of each value and the `length` - 1 that follow it in steps.

    (n,) -> (n - (length - 1) * step,).
    """
    covered = 1
    while covered < length:
        further = min(covered, length - covered)
        values = np.minimum(values[: -further * step], values[further * step :])
        covered += further
    return values
