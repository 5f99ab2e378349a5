"""Defocus over a known distance: near and far focus, as 3D Common Corruptions.

Kar, Yeo, Atanov & Zamir, "3D Common Corruptions and Data Augmentation" (CVPR 2022). The circle of
confusion is that of a thin lens; layers of one circle each are blurred and laid over each other.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float32, Float64, Int64, Uint8
from ..severity_table import Parameter, SeverityTable, Strength

_LENS = Parameter("lens", (10.0, 20.0, 40.0, 60.0, 80.0), 0, 1000)
"""Diameter of the lens in millimetres."""
NEAR_FOCUS = SeverityTable(_LENS, Parameter("distance", (5.0,) * 5, 0.1, 1e6))
FAR_FOCUS = SeverityTable(_LENS, Parameter("distance", (1e6,) * 5, 0.1, 1e6))
"""The lens, and the distance in metres at which the image is sharp: 5, and practically endless."""
LARGEST_RADIUS = 64
"""Of a circle, in pixels; larger ones are cut down to it."""


def near_focus(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:  # noqa: ARG001
    """Return an image, RGB uint8 (H, W, 3), that is sharp nearby, for metres (H, W)."""
    return defocused(image, radii(depth, *NEAR_FOCUS.at(strength)))


def far_focus(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:  # noqa: ARG001
    """Return an image, RGB uint8 (H, W, 3), that is sharp far away, for metres (H, W)."""
    return defocused(image, radii(depth, *FAR_FOCUS.at(strength)))


def radii(depth: Float32, lens: float, distance: float) -> Int64:
    """Return the radius of the circle of each pixel, in pixels (H, W): negative beyond the focus.

    The circle's diameter is A f |1/d - 1/D| for a lens of diameter A that is focused at D, with the
    focal length f taken to be the image's width.
    """
    scale = lens / 1000 * depth.shape[1] / 2
    offset = scale * (1 / depth.astype(np.float64) - 1 / distance)
    found: Int64 = np.rint(np.clip(offset, -LARGEST_RADIUS, LARGEST_RADIUS)).astype(np.int64)
    return found


def defocused(image: Uint8, radius: Int64) -> Uint8:
    """Blur each layer of one radius by its disc, and lay nearer layers over farther ones.

    `radius` (H, W) rises towards the camera. A disc's share of a layer's pixels is its opacity, and
    edges are repeated.
    """
    height, width, _ = image.shape
    color, opacity = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    for level in np.unique(radius):
        layer = (radius == level)[..., np.newaxis]  # (H, W, 1)
        values = np.concatenate([image * layer, layer], axis=2).astype(np.int64)  # (H, W, 4)
        sums, pixels = disc_sums(values, abs(int(level)))
        share = sums[..., 3:] / pixels
        color = color * (1 - share) + sums[..., :3] / pixels
        opacity = opacity * (1 - share) + share
    return rounded(color / opacity)


def half_widths(radius: int) -> Int64:
    """Return how far a disc reaches to either side in each of its rows, (2 radius + 1,)."""
    down = np.arange(-radius, radius + 1)
    reach: Int64 = np.sqrt(radius * radius - down * down).astype(np.int64)
    return reach


def disc_sums(values: Int64, radius: int) -> tuple[Int64, int]:
    """Return the sums of values (H, W, C) over a disc around each pixel, and the disc's pixels."""
    height, width, _ = values.shape
    padded = np.pad(values, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    ahead = np.pad(padded.cumsum(axis=1), ((0, 0), (1, 0), (0, 0)))  # sums to the left
    sums, pixels = np.zeros_like(values), 0
    for down, half in enumerate(half_widths(radius).tolist(), start=-radius):
        rows = ahead[radius + down : radius + down + height]
        first = radius - half
        sums += rows[:, first + 2 * half + 1 :][:, :width] - rows[:, first : first + width]
        pixels += 2 * half + 1
    return sums, pixels


def rounded(values: Float64) -> Uint8:
    """Return values clipped to 0 .. 255 and rounded to grey levels."""
    levels: Uint8 = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return levels
