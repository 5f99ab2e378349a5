"""Light on its way through air that scatters it: how much arrives, and what it is mixed with."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..arithmetic import exponential
from ..arrays import Float32, Float64, Uint8
from ..compiling import kernel

KOSCHMIEDER = 2.995732273553991
"""-ln 0.05: a black object is at the visibility where its contrast with the sky is 5 %."""
TRANSPARENT = KOSCHMIEDER
"""Visibility at which a metre has the optical thickness 1."""
_STEPS, _FARTHEST = 4096, 4
"""Entries of the table up to the visibility, and its length in visibilities."""
_GREY = np.array([2989, 5870, 1140])
"""Brightness of red, green and blue, in ten thousandths."""
_PATCH = 15
"""Side of a patch of the dark channel, in pixels."""
_BRIGHTEST = 1000
"""One of so many pixels is taken for the sky, or the haziest part."""


def distance(depth: Float32) -> Float64:
    """Return the distances along the viewing rays (H, W) from depths along the axis, in metres.

    Light takes this way. The focal length is taken to be the image's width, a field of view of 53
    degrees, and the axis to meet the middle of the image.
    """
    height, width = depth.shape
    y, x = np.ogrid[:height, :width]
    across, down = (x + 0.5 - width / 2) / width, (y + 0.5 - height / 2) / width
    along: Float64 = depth * np.sqrt(1 + across * across + down * down)
    return along


def transmission(distances: Float64, visibility: float) -> Float64:
    """Return the share of light that arrives over distances (H, W), both in metres: (H, W).

    By Beer and Lambert, exp(-beta d) with the extinction beta = 2.996 / visibility, from a table
    that is the same on every machine; it is 0.0004 off at most, a tenth of a grey level, and 0
    beyond four times the visibility.
    """
    places = np.rint(np.minimum(distances / visibility, _FARTHEST) * _STEPS)
    arriving: Float64 = _table()[places.astype(np.int64)]
    return arriving


@cache
def _table() -> Float64:
    steps = np.arange(_FARTHEST * _STEPS + 1) / _STEPS
    return np.append(exponential(-KOSCHMIEDER * steps[:-1]), 0.0)


def airlight(image: Uint8) -> Float64:
    """Return the colour of the air, (3,), from an image, RGB uint8 (H, W, 3).

    From He, Sun & Tang, "Single image haze removal using dark channel prior" (CVPR 2009): the 0.1 %
    of pixels whose patch has the lightest darkest value, an odd number. Of these the colour of the
    median brightness, by Tang, Yang & Wang, "Investigating haze-relevant features in a learning
    framework for image dehazing" (CVPR 2014), as in Foggy Cityscapes: the lightest may be a lamp.
    """
    from scipy import ndimage  # slow to import

    # Several times as fast as min(axis=2).
    least = np.minimum(np.minimum(image[..., 0], image[..., 1]), image[..., 2])
    dark = ndimage.minimum_filter(least, _PATCH, mode="nearest").ravel()  # (H W,)
    count = dark.size // _BRIGHTEST // 2 * 2 + 1
    haziest = np.argsort(255 - dark, kind="stable")[:count]
    colors = image.reshape(-1, 3)[haziest]  # (count, 3)
    median = np.argsort(colors @ _GREY, kind="stable")[count // 2]
    color: Float64 = colors[median].astype(np.float64)
    return color


def through_air(image: Uint8, arriving: Float64) -> Uint8:
    """Return x t + L (1 - t) of an image, RGB uint8 (H, W, 3), and the shares that arrive (H, W).

    L is the colour of the air.
    """
    seen = np.empty(image.shape, np.uint8)
    _mix(image, arriving, airlight(image), seen)
    return seen


@kernel
def _mix(image: Uint8, arriving: Float64, air: Float64, seen: Uint8) -> None:
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            share = arriving[y, x]
            for channel in range(3):
                value = image[y, x, channel] * share + air[channel] * (1.0 - share)
                seen[y, x, channel] = np.uint8(np.rint(value))
