"""Outlines of a flat patch, as functions of its coordinates u, v in [0, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .noise import value_noise

RECTANGLE = 0
ELLIPSE = 1
TRIANGLE = 2
TRAPEZOID = 3
CAPSULE = 4
WHEEL = 5
LEAVES = 6
POLYGON = 7
RAILING = 8
MESH = 9

OUTSIDE = 0
SOLID = 1
GAP = 2
"""Transparent, but labelled as the object in front, as Cityscapes labels fences and wheels."""

# Directions of the spokes of a wheel: unit vectors of rational coordinates.
_SPOKES = np.array(
    [[1.0, 0.0], [0.8, 0.6], [0.28, 0.96], [-0.28, 0.96], [-0.8, 0.6], [0.0, 1.0]], dtype=np.float64
)


@kernel
def _inside_polygon(u: float, v: float, points: NDArray[np.float64], count: int) -> bool:
    inside = False
    previous = count - 1
    for index in range(count):
        high = points[index, 1] > v
        if high != (points[previous, 1] > v):
            slope = (points[previous, 0] - points[index, 0]) / (
                points[previous, 1] - points[index, 1]
            )
            if u < slope * (v - points[index, 1]) + points[index, 0]:
                inside = not inside
        previous = index
    return inside


@kernel
def _leaves(radius: float, u: float, v: float, rough: float, grain: float, seed: int) -> int:
    if radius > 1.0:
        return OUTSIDE
    edge = value_noise(u * grain, v * grain, seed)
    edge = 0.6 * edge + 0.4 * value_noise(u * grain * 2.7, v * grain * 2.7, seed + 7)
    if radius > 1.0 - rough * edge:
        return OUTSIDE
    hole = value_noise(u * grain * 1.9, v * grain * 1.9, seed + 19)
    return GAP if hole > 0.86 else SOLID


@kernel
def cover(
    shape: int,
    a: float,
    b: float,
    seed: int,
    u: float,
    v: float,
    polygons: NDArray[np.float64],
    lengths: NDArray[np.int64],
) -> int:
    """Return OUTSIDE, SOLID or GAP for a point of a patch; a and b belong to the shape."""
    if shape == RECTANGLE:
        return SOLID
    x = 2.0 * u - 1.0
    y = 2.0 * v - 1.0
    radius = x * x + y * y
    across = x if x >= 0.0 else -x
    if shape == ELLIPSE:
        return SOLID if radius <= 1.0 else OUTSIDE
    if shape == TRIANGLE:
        return SOLID if across <= 1.0 - v else OUTSIDE
    if shape == TRAPEZOID:
        return SOLID if across <= 1.0 - v + a * v else OUTSIDE
    if shape == CAPSULE:
        width = 1.0 - v + a * v if a <= 1.0 else (1.0 - v) / a + v
        over = b - v if v < b else (v - (1.0 - b) if v > 1.0 - b else 0.0)
        if over > 0.0:
            over = over / b
            width = width * np.sqrt(1.0 - over * over)
        return SOLID if across <= width else OUTSIDE
    if shape == WHEEL:
        if radius > 1.0:
            return OUTSIDE
        if radius >= a or radius < 0.02:
            return SOLID
        for index in range(6):
            off = x * _SPOKES[index, 1] - y * _SPOKES[index, 0]
            if -b < off < b:
                return SOLID
        return GAP
    if shape == LEAVES:
        return _leaves(radius, u, v, a, b, seed)
    if shape == POLYGON:
        which = int(a)
        inside = _inside_polygon(u, v, polygons[which], lengths[which])
        return SOLID if inside else OUTSIDE
    if shape == RAILING:
        if v > 0.92 or 0.06 < v < 0.13:
            return SOLID
        place = u * a
        return SOLID if place - np.floor(place) < b else GAP
    place = u * a + v * b
    other = u * a - v * b
    if v > 0.95 or place - np.floor(place) < 0.24 or other - np.floor(other) < 0.24:
        return SOLID
    return GAP
