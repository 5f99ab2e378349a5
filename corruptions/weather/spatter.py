"""Spatter of Hendrycks & Dietterich (2019): drops of water, or of mud at severities 4 and 5.

Smoothed noise above a threshold is liquid. Mud hides the image. Water brightens it, by an amount
that the original code derives from the distances to the edges of the drops with ten calls of
OpenCV. They are written out here, since OpenCV may be missing and its builds round differently:
equalizing the histogram of the distances magnifies a difference in their last digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arithmetic import truncate
from ..arrays import Array, Int32, Int64, Uint8
from ..normals import draw_normals
from ..severity_table import Parameter, SeverityTable, Strength
from ..smoothing import smooth
from .canny import edges
from .distance_transform import distances


class Spatter(NamedTuple):
    """Parameters of a strength."""

    mud: bool  # or water
    mean: float  # of the noise, where white is 1
    deviation: float  # of the noise
    blur: float  # deviation of the filter that smooths the noise, in pixels
    threshold: float  # lower values are dry
    brightness: float  # of water where it is brightest
    edge_blur: float  # deviation of the filter that smooths the mud, in pixels


SPATTER = SeverityTable(
    Parameter(
        *("mud", (0, 0, 0, 1, 1), 0, 1),
        whole=True,
        apart="it is water up to severity 3, and mud from 4 on",
    ),
    Parameter("mean", (0.65, 0.65, 0.65, 0.65, 0.67), -10, 10),
    Parameter("deviation", (0.3, 0.3, 0.3, 0.3, 0.4), 0.001, 10),
    Parameter("blur", (4.0, 3.0, 2.0, 1.0, 1.0), 0.1, 100),
    Parameter("threshold", (0.69, 0.68, 0.68, 0.65, 0.65), 0, 1),
    Parameter("brightness", (0.6, 0.6, 0.5, 0.5, 0.5), 0, 1),  # mud has none
    Parameter("edge_blur", (1.5, 1.5, 1.5, 1.5, 1.5), 0.1, 100),  # nor has water a soft edge
)
"""The parameters of `Spatter`."""

WATER = (175, 238, 238)
"""Colour of water, pale turquoise, RGB."""

MUD = (63, 42, 20)
"""Colour of mud, brown, RGB."""

THINNEST_MUD = 0.8
"""Opacity below which mud is dropped."""

TRUNCATE = 4.0
"""Deviations at which the filters end."""


def spatter(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), with drops of water or mud on it.

    A small image may get no drop: it stays unchanged.
    """
    return spattered(image, strength, draw_normals(stream, 0, image.shape[:2]))


def spattered(image: Uint8, strength: Strength, noise: Array) -> Uint8:
    """Return x + s colour w / max(w) under water of light w, or x (1 - m) + m colour under mud m.

    The drops come from standard normal noise (H, W), and are computed in its dtype.
    """
    c = Spatter(*SPATTER.at(strength))
    heights = smooth(noise, (c.blur, c.blur), TRUNCATE, "edge")
    if not c.mud:
        levels = 255 * c.mean + 255 * c.deviation * heights
        liquid = np.where(levels < 255 * c.threshold, 0, levels).astype(np.int32).astype(np.uint8)
        light = water_light(liquid)
        share = light / max(light.max(), 1)
        return truncate(image + c.brightness * share[..., np.newaxis] * WATER)  # (H, W, 3)
    is_mud = (heights > (c.threshold - c.mean) / c.deviation).astype(noise.dtype)
    mud = smooth(is_mud, (c.edge_blur, c.edge_blur), TRUNCATE, "edge")
    mud = np.where(mud < THINNEST_MUD, 0, mud)[..., np.newaxis]  # (H, W, 1)
    return truncate(image * (1 - mud) + MUD * mud)


def water_light(liquid: Uint8) -> Int32:
    """Return the light that drops add, (H, W), from their heights in grey levels, 0 where dry.

    It is the height times a relief: the mean distances to the edges of the drops, with equalized
    histogram, embossed as if light came from the lower right, and smoothed.
    """
    from scipy.ndimage import correlate  # slow to import, and the fast path does not need it

    box = np.ones((3, 3), np.int32)
    far = distances(edges(liquid))[2:-2, 2:-2]  # (H, W), up to 20
    mean = correlate(far.astype(np.float64), box, mode="mirror") / 9
    levels = mean.astype(np.float32).astype(np.uint8)
    table = equalization(np.bincount(levels.reshape(-1), minlength=256)).astype(np.int32)
    relief = correlate(table[levels], np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]), mode="mirror")
    smoothed = (correlate(np.clip(relief, 0, 255), box, mode="mirror") + 4) // 9  # rounded
    light: Int32 = smoothed * liquid
    return light


def equalization(counts: Int64) -> Uint8:
    """Return the level that replaces each grey level, (256,), from their histogram (256,).

    As in OpenCV the lowest level becomes 0, and each other one 255 times the share of the pixels up
    to it among all pixels above the lowest level, in float32. A single level stays unchanged.
    """
    lowest = int(np.flatnonzero(counts)[0])
    above = counts.sum() - counts[lowest]
    if above == 0:
        return np.arange(256, dtype=np.uint8)
    cumulative = (np.cumsum(counts) - counts[lowest]).clip(0).astype(np.float32)
    return truncate(np.rint(cumulative * (np.float32(255) / np.float32(above))))
