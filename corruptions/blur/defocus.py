"""Defocus blur of Hendrycks & Dietterich (2019): each pixel becomes the mean over a disk."""

from __future__ import annotations

import numpy as np

from ..arithmetic import truncate
from ..arrays import Float64, Uint8
from ..severity_table import Parameter, SeverityTable, Strength

DEFOCUS_BLUR = SeverityTable(
    Parameter("radius", (3, 4, 6, 8, 10), 1, 10, whole=True),  # sums of larger disks overflow
    Parameter("deviation", (0.1, 0.5, 0.5, 0.5, 0.5), 0.1, 0.5),
)
"""In pixels: radius of the disk, and deviation of the Gaussian that softens it."""

SMALL_SQUARE = 8
"""Half the side of the square that holds the disks up to this radius."""

LOST = 2e-4
"""Grey levels subtracted before truncation.

In `imagecorruptions` the weights are float32 and sum to slightly less than 1: flat areas lose a
level. This is larger than the rounding of float32, and hardly changes other areas.
"""


def defocus_blur(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) filtered with a softened disk, mirrored at its edges.

    A side shorter than the disk is mirrored several times.
    """
    from scipy import ndimage  # slow to import, and the fast path does not need it

    weights = softened_disk(*DEFOCUS_BLUR.at(strength))[..., np.newaxis]  # (N, N, 1)
    blurred = ndimage.correlate(image.astype(np.float64), weights, mode="mirror")
    return truncate(blurred - LOST)


def softened_disk(radius: int, deviation: float) -> Float64:
    """Return the weights (N, N) of a disk, softened against steps at its edge.

    The Gaussian has 3 x 3 weights in the small square and 5 x 5 in a larger one, and the square is
    mirrored at its edges. Disks of radius 8 and 10 touch these: their weights sum to 1.01.
    """
    from scipy import ndimage

    half, reach = max(radius, SMALL_SQUARE), 1 if radius <= SMALL_SQUARE else 2
    y, x = np.ogrid[-half : half + 1, -half : half + 1]
    disk = x * x + y * y <= radius * radius
    bell = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * deviation**2))
    weights: Float64 = disk / disk.sum()
    for axis in (0, 1):
        weights = ndimage.correlate1d(weights, bell / bell.sum(), axis, mode="mirror")
    return weights
