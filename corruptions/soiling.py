"""Soiling of a lens: drops and dirt of random shapes, sizes and opacity, as a mask."""

from __future__ import annotations

from itertools import count
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from .randomness import draw_uniforms

_SMALLEST, _LARGEST = 0.04, 0.3
"""Radii of drops, as shares of the shorter side of the image."""
_EDGE = 0.5
"""Thickness, 1 in the middle of a drop, over which its edge fades in."""
_FAINTEST = 0.35
"""Least opacity of a transparent drop."""
_NUMBERS = 8
"""Random numbers of a drop; even, as `draw_uniforms` wants."""


def soiling(height: int, width: int, covered: float, stream: int) -> NDArray[np.uint8]:
    """Return the opacity of a soiled lens, uint8 (H, W): 255 is opaque, 0 clean.

    A share `covered` of the pixels, above 0 and below 1, is not 0, rounded to whole pixels, of
    which there may be none. Half of the drops are opaque.
    Drops that touch flow into one another, as metaballs do (Wyvill et al., "Data structure for soft
    objects", 1986). The mask depends on the size, the share and the seed `stream` (64 bits) alone.
    """
    kept = round(covered * height * width)
    if not kept:
        return np.zeros((height, width), np.uint8)
    thickness = np.zeros((height, width))
    opaque = np.zeros((height, width))
    wet, area = 0, height * width
    for number in count():
        # A drop's rim is thin and is cut off below, to leave the share that is wanted.
        if wet >= area * min(2 * covered, (1 + covered) / 2):
            break
        x, y, radius, *form, kind, level, _ = draw_uniforms(
            stream, 2 * _NUMBERS * number, _NUMBERS
        ).tolist()
        rows, columns, drop = _drop((height, width), (y, x), radius, *form)
        part = thickness[rows, columns]
        wet += int(np.count_nonzero((part == 0) & (drop > 0)))
        part += drop
        opaque[rows, columns] += drop * (1 if kind < 0.5 else _FAINTEST + level * (1 - _FAINTEST))
    least = np.partition(thickness, area - kept, axis=None)[area - kept]
    inside = thickness >= least
    rise = np.clip((thickness - least) / _EDGE, 0, 1)
    rise *= rise * (3 - 2 * rise)
    opacity = np.divide(opaque, thickness, out=np.zeros_like(opaque), where=inside)
    return np.where(inside, 1 + np.floor(254 * opacity * rise), 0).astype(np.uint8)


def _drop(
    size: tuple[int, int], middle: tuple[float, float], radius: float, tall: float, skew: float
) -> tuple[slice, slice, NDArray[np.float64]]:
    """Return the rows, the columns and the thickness of an elliptic drop, 1 in its middle.

    All numbers but the size (H, W) are random ones from 0 to 1.
    """
    # Most drops are small. The ellipse is a dx^2 + 2 b dx dy + c dy^2 < r^2, and a c > b^2.
    r = min(size) * (_SMALLEST + radius * radius * radius * (_LARGEST - _SMALLEST))
    a, b = 0.6 + 0.9 * tall, 0.8 * skew - 0.4
    c = 2.1 - a
    reach = [r * sqrt(each / (a * c - b * b)) for each in (a, c)]  # down, across
    spans = [
        slice(max(0, int(side * at - far)), min(side, int(side * at + far) + 1))
        for side, at, far in zip(size, middle, reach, strict=True)
    ]
    dy, dx = (
        np.arange(span.start, span.stop) + 0.5 - side * at
        for span, side, at in zip(spans, size, middle, strict=True)
    )
    across, down = dx[np.newaxis], dy[:, np.newaxis]
    square = (a * across * across + 2 * b * across * down + c * down * down) / (r * r)
    rest = np.maximum(0, 1 - square)
    return spans[0], spans[1], rest * rest * rest
