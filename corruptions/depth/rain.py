"""Rain over a known distance: a veil by extinction, and streaks that nearer things hide.

The veil is that of Halder, Lalonde & de Charette, "Physics-based rendering for improving robustness
to rain" (ICCV 2019): an extinction of 0.312 R^0.67 per kilometre at R millimetres per hour. Drops
are distributed as by Marshall & Palmer, "The distribution of raindrops with size" (1948).
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from ..arithmetic import DIGITS, exponential
from ..arrays import Float32, Float64, Mask, Uint8
from ..randomness import draw_uniforms
from ..severity_table import Parameter, SeverityTable, Strength
from .air import KOSCHMIEDER, airlight, rounded, transmission


class Rain(NamedTuple):
    """Parameters of a strength."""

    rate: float  # of rain, in mm per hour
    opacity: float  # of a streak that is at least a pixel wide


RAIN_3D = SeverityTable(
    Parameter("rate", (10.0, 25.0, 50.0, 100.0, 200.0), 0.1, 1000),
    Parameter("opacity", (0.25, 0.25, 0.25, 0.25, 0.25), 0, 1),
)
"""The parameters of `Rain`: from moderate rain to a cloudburst."""

LAYERS = ((2.0, 1.0), (4.0, 2.0), (8.0, 4.0))
"""Distance and thickness, in metres, of the layers in which single streaks are seen."""
DIAMETER = 0.001
"""Of the smallest drop whose streak is drawn, in metres; streaks are as wide as twice that."""
LENGTH = 0.06
"""Metres that a drop falls while the shutter is open: a hundredth of a second."""
SLOPE = 0.27
"""Largest slope of streaks to either side, about 15 degrees."""
MOST_STREAKS = 200_000
"""Of a layer."""


def rain_3d(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), in rain, for distances in metres (H, W).

    The focal length is taken to be the image's width, a field of view of 53 degrees. Word pair 0 of
    the stream is the slope of all streaks; then come the places of those of each layer.
    """
    rain = Rain(*RAIN_3D.at(strength))
    air = airlight(image)
    arriving = transmission(depth, KOSCHMIEDER / extinction(rain.rate))[..., None]  # (H, W, 1)
    rainy = image * arriving + air * (1 - arriving)
    height, width, _ = image.shape
    slope = SLOPE * (2 * float(draw_uniforms(stream, 0, 1)[0]) - 1)
    word = 2
    for distance, thickness in reversed(LAYERS):
        pixels = width / distance  # of a metre
        count = streak_count(rain.rate, distance, thickness, height / width)
        places = draw_uniforms(stream, word, 2 * count).reshape(count, 2)  # row, column
        word += 4 * count
        hit = streaks(places, (height, width), max(1, round(LENGTH * pixels)), slope)
        hit &= depth > distance
        share = rain.opacity * min(1.0, 2 * DIAMETER * pixels)
        rainy[hit] += share * (air - rainy[hit])
    return rounded(rainy)


def extinction(rate: float) -> float:
    """Return the extinction of rain, per metre, at a rate in millimetres per hour."""
    return 0.312e-3 * _power(rate, "0.67")


def streak_count(rate: float, distance: float, thickness: float, aspect: float) -> int:
    """Return how many drops above `DIAMETER` are in the part of a layer that the camera sees.

    N0 exp(-lambda D) drops of each diameter D, N0 = 8000 and lambda = 4.1 R^-0.21 per millimetre,
    in a box whose width is its distance; `aspect` is the image's height over its width.
    """
    slope = 4.1 * _power(rate, "-0.21")
    in_metre = 8000 / slope * float(exponential([-slope * 1000 * DIAMETER])[0])
    return min(MOST_STREAKS, round(in_metre * distance * distance * aspect * thickness))


def _power(number: float, power: str) -> float:
    return float(DIGITS.power(Decimal(number), Decimal(power)))


def streaks(places: Float64, size: tuple[int, int], length: int, slope: float) -> Mask:
    """Return which pixels (H, W) streaks of a length in pixels cover, from places (N, 2) in [0, 1).

    Streaks begin up to their length above the image.
    """
    height, width = size
    covered = np.zeros(size, np.bool_)
    top = np.floor(places[:, 0] * (height + length)).astype(np.int64) - length
    left = np.floor(places[:, 1] * width).astype(np.int64)
    for step in range(length):
        row, column = top + step, left + round(slope * step)
        seen = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        covered[row[seen], column[seen]] = True
    return covered
