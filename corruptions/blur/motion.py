"""Motion blur: the image smeared along a line.

`imagecorruptions` adds up shifted copies of the image with their edges repeated. Here each pixel
is a sum along the line, in which points on the same pixel are merged to one term. The sums are in
integers, so their order does not matter and a flat area keeps its level; the rounded weights of
`imagecorruptions` sometimes lose one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..arithmetic import cosine_and_sine, exponential
from ..arrays import Array, Float64, Int64, Uint8, Uint32
from ..compiling import kernel
from ..randomness import draw_uniform
from ..severity_table import Parameter, SeverityTable, Strength

MOTION_BLUR = SeverityTable(
    Parameter("length", (10, 15, 15, 15, 20), 1, 200, whole=True),
    Parameter("fade", (3.0, 5.0, 8.0, 12.0, 15.0), 0.1, 200),
)
"""In pixels: half the length, and deviation of the weights along it."""

FRACTION_BITS = np.uint32(24)
"""Fraction bits of a weight: the sum of all, times a grey level of 8 bits, fits into 32."""

UNROLL = 4
"""Taps that a loop adds at a time; with more arrays LLVM would not vectorise it."""


class Taps(NamedTuple):
    """Offsets and weights of the terms of a pixel's sum, (K,), K being a multiple of UNROLL."""

    rows: Int64
    """Offset of each tap downwards, in rows."""
    columns: Int64
    """Offset of each tap to the right, in columns."""
    weights: Float64

    def margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return how far the taps reach, in pixels: (above, below), (left, right)."""
        return (
            (max(0, -int(self.rows.min())), max(0, int(self.rows.max()))),
            (max(0, -int(self.columns.min())), max(0, int(self.columns.max()))),
        )


def motion_blur(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) smeared along a line up to 45 degrees from the horizontal.

    Of sides below 41 pixels, see `line_taps`.
    """
    return smear(image, strength, drawn_angle(stream))


def drawn_angle(stream: int) -> float:
    """Return an angle, uniform from -45 to 45 degrees, from words 0 and 1 of a stream."""
    return -45.0 + 90.0 * draw_uniform(stream)


def smear(image: Uint8, strength: Strength, angle: float) -> Uint8:
    """Return an image uint8 (H, W, 3) smeared along a line of an angle in degrees."""
    height, width, channels = image.shape
    length, fade = MOTION_BLUR.at(strength)
    taps = line_taps(length, fade, angle, height, width)
    (above, below), (left, right) = taps.margins()
    # (H + above + below, W + left + right, 3)
    padded = np.pad(image, ((above, below), (left, right), (0, 0)), mode="edge")
    cumulative = np.rint(np.cumsum(taps.weights) * 2.0 ** int(FRACTION_BITS))
    result = np.empty(image.shape, np.uint8)
    _smear(
        padded.reshape(len(padded), -1),
        taps.rows + above,
        (taps.columns + left) * channels,
        np.diff(cumulative, prepend=0.0).astype(np.uint32),  # with an exact sum
        result.reshape(height, -1),
    )
    return result


def line_taps(length: int, deviation: float, angle: float, height: int, width: int) -> Taps:
    """Return the taps of a smear: half a Gaussian, along a line that starts at the pixel.

    The line has 2 `length` + 1 points, each on the nearest pixel. As in `imagecorruptions`, it ends
    before the first point that is as far away as the image is high or wide. The weights are not
    normalised afterwards: a smear longer than the image makes it darker.
    """
    distances = range(2 * length + 1)
    cosine, sine = cosine_and_sine(angle)
    places = [(math.ceil(i * sine - 0.5), math.ceil(i * cosine - 0.5)) for i in distances]
    inside = [abs(row) < height and abs(column) < width for row, column in places]
    count = inside.index(False) if False in inside else len(inside)
    heights = exponential(-i * i / (2.0 * deviation * deviation) for i in distances)
    weights = heights / math.fsum(heights)
    return merge_taps(places[:count], weights[:count].tolist())


def merge_taps(places: list[tuple[int, int]], weights: list[float]) -> Taps:
    """Return the taps at (row, column) places, merging those that share a place."""
    merged: dict[tuple[int, int], float] = {}
    for place, weight in zip(places, weights, strict=True):
        merged[place] = merged.get(place, 0.0) + weight
    missing = -len(merged) % UNROLL
    rows, columns = np.array([*merged, *[(0, 0)] * missing], np.int64).T
    return Taps(rows, columns, np.array([*merged.values(), *[0.0] * missing]))


@kernel
def _smear(lines: Uint8, rows: Int64, starts: Int64, weights: Uint32, result: Uint8) -> None:
    """Write the sums of taps, truncated to grey levels, to the result (H, 3 W)."""
    sums = np.empty(result.shape[1], np.uint32)
    for y in range(result.shape[0]):
        sum_taps(lines[y:], rows, starts, weights, sums)
        for i in range(sums.size):
            result[y, i] = np.uint8(sums[i] >> FRACTION_BITS)


@kernel
def sum_taps(lines: Array, rows: Int64, starts: Int64, weights: Array, sums: Array) -> None:
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
