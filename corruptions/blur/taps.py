"""Weighted sums of shifted copies of an image: what a blur along a line is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel

TOGETHER = 4
"""Taps that a loop adds at a time: with more arrays than these it would not become vector code."""


class Taps(NamedTuple):
    """Where the terms of a pixel's sum are, and their weights: (K,), K a multiple of `TOGETHER`."""

    rows: NDArray[np.int64]
    """By how many rows each lies below the pixel."""

    columns: NDArray[np.int64]
    """By how many columns each lies to the right of the pixel."""

    weights: NDArray[np.float64]

    def margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return how far they reach: (above, below), (to the left, to the right)."""
        return (
            (max(0, -int(self.rows.min())), max(0, int(self.rows.max()))),
            (max(0, -int(self.columns.min())), max(0, int(self.columns.max()))),
        )


def merge_taps(places: list[tuple[int, int]], weights: list[float]) -> Taps:
    """Return the taps at (row, column) places, those that share a place as one."""
    merged: dict[tuple[int, int], float] = {}
    for place, weight in zip(places, weights, strict=True):
        merged[place] = merged.get(place, 0.0) + weight
    missing = -len(merged) % TOGETHER
    rows, columns = np.array([*merged, *[(0, 0)] * missing], np.int64).T
    return Taps(rows, columns, np.array([*merged.values(), *[0.0] * missing]))


def pad_for_taps(image: NDArray[Any], taps: Taps) -> NDArray[Any]:
    """Return an image (H, W, C) with its edges repeated as far as the taps reach."""
    return np.pad(image, (*taps.margins(), (0, 0)), mode="edge")


@kernel
def sum_taps(
    lines: NDArray[Any],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    weights: NDArray[Any],
    sums: NDArray[Any],
) -> None:
    """Write sums (N,) of the weights by lines[row, start + i], lines (M, L), from 0 on.

    Weights and sums are of one type, which says in which numbers: uint32, float32 or float64.
    """
    for i in range(sums.size):
        sums[i] = 0
    for k in range(0, rows.size, TOGETHER):
        first = lines[rows[k], starts[k] : starts[k] + sums.size]
        second = lines[rows[k + 1], starts[k + 1] : starts[k + 1] + sums.size]
        third = lines[rows[k + 2], starts[k + 2] : starts[k + 2] + sums.size]
        fourth = lines[rows[k + 3], starts[k + 3] : starts[k + 3] + sums.size]
        a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for i in range(sums.size):
            sums[i] += a * first[i] + b * second[i] + c * third[i] + d * fourth[i]
