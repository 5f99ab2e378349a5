"""Rain over a known distance: a veil by extinction, and streaks that nearer things hide.

The veil is that of Halder, Lalonde & de Charette, "Physics-based rendering for improving robustness
to rain" (ICCV 2019): an extinction of 0.312 R^0.67 per kilometre at R millimetres per hour. Drops
are distributed as by Marshall & Palmer, "The distribution of raindrops with size" (1948), and as
fast as by Atlas, Srivastava & Sekhon, "Doppler radar characteristics of precipitation at vertical
incidence" (1973). A streak is as opaque as the part of the exposure in which its drop hides a point
(Garg & Nayar, "Vision and rain", IJCV 2007).
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from ..arithmetic import DIGITS, exponential
from ..arrays import Float32, Float64, Uint8
from ..compiling import kernel
from ..elementary import power
from ..randomness import draw_uniforms
from ..severity_table import Parameter, SeverityTable, Strength
from .air import TRANSPARENT, distance, through_air, transmission

RAIN_3D = SeverityTable(Parameter("rate", (10.0, 25.0, 50.0, 100.0, 200.0), 0.1, 500))
"""Rain in millimetres per hour, from moderate rain to a cloudburst."""

NEAR, FAR = 0.5, 10.0
"""Depths in metres between which single streaks are seen."""
STEP = 0.00025
DIAMETERS = 0.001 + STEP * np.arange(20)
"""Least diameters of classes of drops, in metres, each up to the next. Smaller drops are in the
veil alone."""
EXPOSURE = 1 / 400
"""Seconds in which a drop falls 1 to 2 cm."""
SLOPE = 0.27
"""Largest slope of streaks to either side, about 15 degrees."""
_NUMBERS = 4
"""Random numbers of a drop: depth, row, column, and one that is not used.

Without it all later drops would have other numbers, and the pinned pixels would change.
"""


def rain_3d(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), in rain, for depths in metres (H, W).

    Streaks add to the optical thickness of the air, and have its colour.
    """
    (rate,) = RAIN_3D.at(strength)
    thickness = extinction(rate) * distance(depth) + streaks(depth, rate, stream)
    return through_air(image, transmission(thickness, TRANSPARENT))


def extinction(rate: float) -> float:
    """Return the extinction of rain, per metre, at a rate in millimetres per hour."""
    return 0.312e-3 * _power(rate, "0.67")


def drops(rate: float) -> Float64:
    """Return how many drops of each class of `DIAMETERS` are in a cubic metre, at a rate in mm/h.

    N0 exp(-lambda D) of each diameter D, N0 = 8000 and lambda = 4.1 R^-0.21 per millimetre.
    """
    slope = 4.1 * _power(rate, "-0.21")
    ends = exponential(-slope * 1000 * np.append(DIAMETERS, DIAMETERS[-1] + STEP))
    number: Float64 = 8000 / slope * (ends[:-1] - ends[1:])
    return number


def speeds() -> Float64:
    """Return how fast the drops of each class of `DIAMETERS` fall, in metres per second."""
    return 9.65 - 10.3 * exponential(-600 * (DIAMETERS + STEP / 2))


def room(height: int, width: int) -> float:
    """Return the cubic metres in which an image of a size sees single streaks."""
    return height / width * (FAR**3 - NEAR**3) / 3


def working_memory(height: int, width: int) -> int:
    """Return the bytes of the random numbers of the most frequent drops, at the highest rate.

    A tall, narrow image sees more of them than it has pixels.
    """
    drop = 130  # bytes
    return round(drop * float(drops(RAIN_3D.parameters[0].most).max()) * room(height, width))


def streaks(depth: Float32, rate: float, stream: int) -> Float64:
    """Return the optical thickness of the streaks before depths (H, W), at a rate in mm/h.

    The focal length is taken to be the image's width. Word pair 0 of the stream is the slope of all
    streaks; then come the places of the drops of each class.
    """
    height, width = depth.shape
    thickness = np.zeros((height, width))
    slope = SLOPE * (2 * float(draw_uniforms(stream, 0, 1)[0]) - 1)
    seen = room(height, width)
    word = 2
    for diameter, falls, number in zip(DIAMETERS + STEP / 2, speeds(), drops(rate), strict=True):
        count = round(float(number) * seen)
        places = draw_uniforms(stream, word, _NUMBERS * count).reshape(count, _NUMBERS)
        word += 2 * _NUMBERS * count
        add_streaks(places, depth, float(diameter), float(falls) * EXPOSURE, slope, thickness)
    return thickness


@kernel
def add_streaks(
    places: Float64,
    depth: Float32,
    diameter: float,
    length: float,
    slope: float,
    thickness: Float64,
) -> None:
    """Add the streaks of drops, places (N, 4) in [0, 1), of a diameter and a length in metres.

    A pixel of the thickness (H, W) gets the share of it that a streak covers, times its opacity.
    """
    height, width = depth.shape
    opacity = diameter / length
    for drop in range(places.shape[0]):
        # The room at a depth rises with its square.
        away = power(NEAR**3 + places[drop, 0] * (FAR**3 - NEAR**3), 1.0 / 3.0)
        wide, long = diameter * width / away, length * width / away  # pixels
        top = places[drop, 1] * (height + long) - long
        middle = places[drop, 2] * width
        for y in range(max(int(np.floor(top)), 0), min(int(np.floor(top + long)) + 1, height)):
            down = min(y + 1.0, top + long) - max(float(y), top)
            left = middle + slope * (y + 0.5 - top) - 0.5 * wide
            first, last = int(np.floor(left)), int(np.floor(left + wide))
            for x in range(max(first, 0), min(last + 1, width)):
                if depth[y, x] > away:
                    across = min(x + 1.0, left + wide) - max(float(x), left)
                    thickness[y, x] += opacity * down * across


def _power(number: float, exponent: str) -> float:
    return float(DIGITS.power(Decimal(number), Decimal(exponent)))
