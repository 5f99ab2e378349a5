"""How far each pixel is from the next edge, as OpenCV tells it: by steps on the pixel grid.

Borgefors, "Distance transformations in digital images" (1986): a distance is the least sum of
steps of lengths 1, 1.4 and 2.1969, straight, diagonal and like a knight's, that leads to an edge.
Two passes find it, one from the top and one back from the bottom, each adding a step to what
the pixels before it have. The sums are in float32 and in the order of OpenCV's usual build for
x86, which computes with Intel's IPP: to the bit the same. Its other builds add in fixed point, and
differ in the fifth digit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel
from .canny import STRONG

STRAIGHT, DIAGONAL, KNIGHT = np.float32(1.0), np.float32(1.4), np.float32(2.1969)

FAR = np.float32(20.0)
"""No distance is greater: what is farther away counts as this."""

NEAR = np.float32(0.0)

PARTS = 4
"""Of a row, walked at the same time."""


def distances(marks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the distances, up to 20, to the edges that `edges.edges` tells, (H + 2, W + 2).

    The result has a border of two pixels, (H + 4, W + 4).
    """
    height, width = marks.shape[0] - 2, marks.shape[1] - 2
    padded = np.empty((height + 4, width + 4), np.float32)
    _pass_twice(marks, padded)
    return padded


@kernel
def _pass_twice(marks: NDArray[np.uint8], padded: NDArray[np.float32]) -> None:
    """Fill the distances, with their border, from the marks."""
    height, width = marks.shape[0] - 2, marks.shape[1] - 2
    row = np.full(-(-width // PARTS) * PARTS, FAR)  # (W,), and some more to divide it by 4
    padded[:] = FAR
    for y in range(2, height + 2):
        marks_of_row, result = marks[y - 1], padded[y]
        for x in range(width):
            row[x] = NEAR if marks_of_row[x + 1] == STRONG else FAR
        _step_over(padded[y - 1], padded[y - 2], row[:width])
        _step_along(row, 1)
        for x in range(width):
            result[x + 2] = row[x]
    for y in range(height + 1, 1, -1):
        result = padded[y]
        row[width:] = FAR
        for x in range(width):
            row[x] = result[x + 2]
        _step_over(padded[y + 1], padded[y + 2], row[:width])
        _step_along(row, -1)
        for x in range(width):
            result[x + 2] = row[x]


@kernel
def _step_over(
    first: NDArray[np.float32], second: NDArray[np.float32], own: NDArray[np.float32]
) -> None:
    """Shorten the distances of a row (W,) by steps from the two rows (W + 4,) before it."""
    for x in range(own.size):
        straight = first[x + 2] + STRAIGHT
        diagonal = _lesser(first[x + 1], first[x + 3]) + DIAGONAL
        flat, steep = _lesser(first[x], first[x + 4]), _lesser(second[x + 1], second[x + 3])
        knight = _lesser(flat, steep) + KNIGHT
        own[x] = _lesser(_lesser(own[x], straight), _lesser(diagonal, knight))


@kernel
def _step_along(row: NDArray[np.float32], step: int) -> None:
    """Shorten the distances of a row (4 N,) by straight steps to the right, 1, or the left, -1.

    Each waits for the one before it. So the row's quarters are walked at the same time, and then
    what comes from a quarter into the next: no farther than FAR.
    """
    quarter = row.size // PARTS
    start = 0 if step > 0 else row.size - 1
    a = b = c = d = FAR
    for x in range(start, start + step * quarter, step):
        a = _lesser(row[x], a + STRAIGHT)
        b = _lesser(row[x + step * quarter], b + STRAIGHT)
        c = _lesser(row[x + step * 2 * quarter], c + STRAIGHT)
        d = _lesser(row[x + step * 3 * quarter], d + STRAIGHT)
        row[x] = a
        row[x + step * quarter] = b
        row[x + step * 2 * quarter] = c
        row[x + step * 3 * quarter] = d
    for part in range(1, PARTS):
        first = start + step * part * quarter
        distance = row[first - step]
        for x in range(first, first + step * min(quarter, int(FAR)), step):
            distance = _lesser(row[x], distance + STRAIGHT)
            row[x] = distance


@kernel
def _lesser(one: np.float32, other: np.float32) -> np.float32:
    """Return the lesser of two numbers; unlike min, a vector instruction, as NaN has no say."""
    return one if one < other else other
