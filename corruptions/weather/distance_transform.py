"""Distance of each pixel to the nearest edge, as in OpenCV.

Borgefors, "Distance transformations in digital images" (1986): a distance is the smallest sum of
straight, diagonal and knight's steps, of lengths 1, 1.4 and 2.1969, to an edge. Two passes find
it, one from the top and one from the bottom, each adding a step to the distances of the pixels
before. The float32 sums equal those of OpenCV's usual build for x86, with Intel's IPP, to the bit.
Other builds add in fixed point and differ in the fifth digit.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float32, Uint8
from ..compiling import kernel
from .canny import STRONG

STRAIGHT, DIAGONAL, KNIGHT = np.float32(1.0), np.float32(1.4), np.float32(2.1969)

FAR = np.float32(20.0)
"""Largest distance; larger ones are clipped to it."""

NEAR = np.float32(0.0)

PARTS = 4
"""Parts of a row that are scanned at the same time."""


def distances(marks: Uint8) -> Float32:
    """Return the distances, up to 20, to the edges that `canny.edges` marks, (H + 2, W + 2).

    The result has a border of two pixels, (H + 4, W + 4).
    """
    height, width = marks.shape[0] - 2, marks.shape[1] - 2
    padded = np.empty((height + 4, width + 4), np.float32)
    _pass_twice(marks, padded)
    return padded


@kernel
def _pass_twice(marks: Uint8, padded: Float32) -> None:
    """Write the distances (H + 4, W + 4) from the marks (H + 2, W + 2)."""
    height, width = marks.shape[0] - 2, marks.shape[1] - 2
    row = np.full(-(-width // PARTS) * PARTS, FAR)  # (W,), padded to a multiple of PARTS
    padded[:] = FAR
    for y in range(height):
        for x in range(width):
            padded[y + 2, x + 2] = NEAR if marks[y + 1, x + 1] == STRONG else FAR
    for step, first in ((1, 2), (-1, height + 1)):
        for y in range(first, first + step * height, step):
            result = padded[y]
            row[width:] = FAR
            for x in range(width):
                row[x] = result[x + 2]
            _step_over(padded[y - step], padded[y - 2 * step], row[:width])
            _step_along(row, step)
            for x in range(width):
                result[x + 2] = row[x]


@kernel
def _step_over(first: Float32, second: Float32, own: Float32) -> None:
    """Shorten the distances of a row (W,) by steps from the two previous rows (W + 4,)."""
    for x in range(own.size):
        straight = first[x + 2] + STRAIGHT
        diagonal = _smaller(first[x + 1], first[x + 3]) + DIAGONAL
        flat, steep = _smaller(first[x], first[x + 4]), _smaller(second[x + 1], second[x + 3])
        knight = _smaller(flat, steep) + KNIGHT
        own[x] = _smaller(_smaller(own[x], straight), _smaller(diagonal, knight))


@kernel
def _step_along(row: Float32, step: int) -> None:
    """Shorten the distances of a row (4 N,) by straight steps to the right, 1, or the left, -1.

    Each step depends on the one before, so the quarters of the row are scanned at the same time.
    Then distances continue from each quarter into the next, up to FAR.
    """
    quarter = row.size // PARTS
    start = 0 if step > 0 else row.size - 1
    a = b = c = d = FAR
    for x in range(start, start + step * quarter, step):
        a = _smaller(row[x], a + STRAIGHT)
        b = _smaller(row[x + step * quarter], b + STRAIGHT)
        c = _smaller(row[x + step * 2 * quarter], c + STRAIGHT)
        d = _smaller(row[x + step * 3 * quarter], d + STRAIGHT)
        row[x] = a
        row[x + step * quarter] = b
        row[x + step * 2 * quarter] = c
        row[x + step * 3 * quarter] = d
    for part in range(1, PARTS):
        first = start + step * part * quarter
        distance = row[first - step]
        for x in range(first, first + step * min(quarter, int(FAR)), step):
            distance = _smaller(row[x], distance + STRAIGHT)
            row[x] = distance


@kernel
def _smaller(one: np.float32, other: np.float32) -> np.float32:
    """Return the smaller number; a vector instruction, unlike min, which propagates NaN."""
    return one if one < other else other
