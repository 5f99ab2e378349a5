"""Snow of Hendrycks & Dietterich (2019): streaks of bright noise over a paler image."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..arithmetic import truncate
from ..arrays import Array, Float32, Uint8
from ..blur.motion import line_taps
from ..normals import draw_normals
from ..randomness import draw_uniform
from ..severity_table import Parameter, SeverityTable, Strength


class Snow(NamedTuple):
    """Parameters of a strength."""

    mean: float  # of the noise, where white is 1
    deviation: float  # of the noise
    zoom: float  # factor that enlarges the noise to flakes
    threshold: float  # darker noise is no flake
    length: int  # half the length of a streak, in pixels
    fade: float  # deviation of the weights along a streak, in pixels
    kept: float  # share of the image's own colours


SNOW = SeverityTable(
    Parameter("mean", (0.1, 0.2, 0.55, 0.55, 0.55), -10, 10),
    Parameter("deviation", (0.3, 0.3, 0.3, 0.3, 0.3), 0, 10),
    Parameter("zoom", (3.0, 2.0, 4.0, 4.5, 2.5), 1, 100),
    Parameter("threshold", (0.5, 0.5, 0.9, 0.85, 0.85), 0, 1),
    Parameter("length", (10, 12, 12, 12, 12), 1, 200, whole=True),
    Parameter("fade", (4.0, 4.0, 8.0, 8.0, 12.0), 0.1, 200),
    Parameter("kept", (0.8, 0.7, 0.7, 0.65, 0.55), 0, 1),
)
"""The parameters of `Snow`."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey level of a colour."""


def snow(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), paler and with falling snow."""
    return snowed(image, strength, *draw(strength, image.shape[:2], stream))


def draw(strength: Strength, size: tuple[int, ...], stream: int) -> tuple[Float32, float]:
    """Return standard normal noise (h, w) for an image of a size (H, W), and an angle in degrees.

    Words 0 and 1 of the stream are the angle, uniform from -135 to -45; the noise starts at word 2.
    """
    return draw_normals(stream, 2, noise_shape(strength, *size)), -135 + 90 * draw_uniform(stream)


def noise_shape(strength: Strength, height: int, width: int) -> tuple[int, int]:
    """Return the size of the noise that covers an image once it is enlarged."""
    zoom = Snow(*SNOW.at(strength)).zoom
    return math.ceil(height / zoom), math.ceil(width / zoom)


def snowed(image: Uint8, strength: Strength, noise: Array, angle: float) -> Uint8:
    """Return min(c x + (1 - c) max(x, 1.5 grey + 0.5) + f + f turned by 180 degrees, 1).

    The image x has values from 0 to 1. The flakes f are standard normal noise (h, w), enlarged, cut
    off below a threshold and smeared along the angle. Of sides below 25 pixels, see `line_taps`.
    """
    from scipy import ndimage  # slow to import, and the fast path does not need it

    c = Snow(*SNOW.at(strength))
    height, width, _ = image.shape
    flakes = c.mean + c.deviation * ndimage.zoom(noise, c.zoom, order=1)  # (H', W') >= (H, W)
    flakes = np.where(flakes < c.threshold, 0, np.minimum(flakes, 1))
    bottom, right = flakes.shape[0] - 1, flakes.shape[1] - 1
    y, x = np.ogrid[:height, :width]
    streaks = np.zeros((height, width))
    for row, column, weight in zip(*line_taps(c.length, c.fade, angle, *flakes.shape), strict=True):
        streaks += weight * flakes[np.clip(y + row, 0, bottom), np.clip(x + column, 0, right)]
    streaks = np.rint(255 * streaks)
    pale = 1.5 * image @ LUMA + 127.5  # (H, W)
    mixed = c.kept * image + (1 - c.kept) * np.maximum(image, pale[..., np.newaxis])
    snowy = mixed + (streaks + streaks[::-1, ::-1])[..., np.newaxis]  # (H, W, 3)
    return truncate(snowy)
