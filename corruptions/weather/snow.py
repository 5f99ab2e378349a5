"""Snow of Hendrycks & Dietterich (2019): streaks of bright noise over a paler image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arithmetic import truncate
from ..arrays import Array, Float32, Uint8
from ..blur.motion import line_taps
from ..normals import draw_normals
from ..randomness import draw_uniform


@dataclass(frozen=True)
class Snow:
    """Parameters of a severity."""

    mean: float  # of the noise, where white is 1
    deviation: float  # of the noise
    zoom: float  # factor that enlarges the noise to flakes
    threshold: float  # darker noise is no flake
    length: int  # half the length of a streak, in pixels
    fade: float  # deviation of the weights along a streak, in pixels
    kept: float  # share of the image's own colours


SNOW = (
    Snow(0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
    Snow(0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
    Snow(0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
    Snow(0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
    Snow(0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
)
"""Parameters by severity."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey level of a colour."""


def snow(image: Uint8, severity: int, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), paler and with falling snow."""
    return snowed(image, severity, *draw(severity, image.shape[:2], stream))


def draw(severity: int, size: tuple[int, ...], stream: int) -> tuple[Float32, float]:
    """Return standard normal noise (h, w) for an image of a size (H, W), and an angle in degrees.

    Words 0 and 1 of the stream are the angle, uniform from -135 to -45; the noise starts at word 2.
    """
    return draw_normals(stream, 2, noise_shape(severity, *size)), -135 + 90 * draw_uniform(stream)


def noise_shape(severity: int, height: int, width: int) -> tuple[int, int]:
    """Return the size of the noise that covers an image once it is enlarged."""
    zoom = SNOW[severity - 1].zoom
    return math.ceil(height / zoom), math.ceil(width / zoom)


def snowed(image: Uint8, severity: int, noise: Array, angle: float) -> Uint8:
    """Return min(c x + (1 - c) max(x, 1.5 grey + 0.5) + f + f turned by 180 degrees, 1).

    The image x has values from 0 to 1. The flakes f are standard normal noise (h, w), enlarged, cut
    off below a threshold and smeared along the angle. Of sides below 25 pixels, see `line_taps`.
    """
    from scipy import ndimage  # slow to import, and the fast path does not need it

    c = SNOW[severity - 1]
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
