"""Filter taps: a blur along a line is a weighted sum of shifted images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..compiling import kernel

UNROLL = 4
"""Taps that a loop adds at a time; with more arrays LLVM would not vectorise it."""


class Taps(NamedTuple):
    """Offsets and weights of the terms of a pixel's sum, (K,), K being a multiple of UNROLL."""

    rows: NDArray[np.int64]
    """Offset of each tap downwards, in rows."""

    columns: NDArray[np.int64]
    """Offset of each tap to the right, in columns."""

    weights: NDArray[np.float64]

    def margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return how far the taps reach, in pixels: (above, below), (left, right)."""
        return (
            (max(0, -int(self.rows.min())), max(0, int(self.rows.max()))),
            (max(0, -int(self.columns.min())), max(0, int(self.columns.max()))),
        )


def merge_taps(places: list[tuple[int, int]], weights: list[float]) -> Taps:
    """Return the taps at (row, column) places, merging those that share a place."""
    merged: dict[tuple[int, int], float] = {}
    for place, weight in zip(places, weights, strict=True):
        merged[place] = merged.get(place, 0.0) + weight
    missing = -len(merged) % UNROLL
    rows, columns = np.array([*merged, *[(0, 0)] * missing], np.int64).T
    return Taps(rows, columns, np.array([*merged.values(), *[0.0] * missing]))


@kernel
def sum_taps(
    lines: NDArray[Any],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    weights: NDArray[Any],
    sums: NDArray[Any],
) -> None:
    """Write sums (N,) of the weights times lines[row, start + i], lines being (M, L).

    Weights and sums share the dtype of the arithmetic: uint32, float32 or float64.
    """
    for i in range(sums.size):
        sums[i] = 0
    for k in range(0, rows.size, UNROLL):
        first = lines[rows[k], starts[k] : starts[k] + sums.size]
        second = lines[rows[k + 1], starts[k + 1] : starts[k + 1] + sums.size]
        third = lines[rows[k + 2], starts[k + 2] : starts[k + 2] + sums.size]
        fourth = lines[rows[k + 3], starts[k + 3] : starts[k + 3] + sums.size]
        a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for i in range(sums.size):
            sums[i] += a * first[i] + b * second[i] + c * third[i] + d * fourth[i]
