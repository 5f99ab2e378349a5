"""The numbers of a receptive field: pure functions of a map and of the pixel that its unit is on.

A map is float64 (H, W), nowhere negative and somewhere positive; a pixel is (y, x). Squares and
discs are centred on the pixel and clipped to the image, which may be wide and the pixel anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]
Pixel = tuple[int, int]

SHARES = (0.2, 0.3, 0.5, 0.99)
"""Those that RepLKNet reports."""


class Square(NamedTuple):
    """The smallest centred square that holds a share of a map."""

    share: float
    side: int
    """In pixels, odd, before it is clipped; 0 where there is no such square."""
    area: float
    """Of what the image has of it, as a share of the image; NaN where there is none."""


class Shape(NamedTuple):
    """How far and in which direction a field reaches, by its second moments about the pixel."""

    radius: float
    """The root of the mean squared distance, in pixels."""
    anisotropy: float
    """(a - b) / (a + b) of the variances along the long and the short axis: 0 round, 1 a line."""
    angle: float
    """Of the long axis, in degrees of (-90, 90]: 0 along a row, 90 along a column, above 0 where
    it rises to the right; NaN where the field is round."""


def normalised(gradient: Map) -> Map:
    """Return the map of sum 1."""
    share: Map = gradient / gradient.sum()
    return share


def squares(gradient: Map, pixel: Pixel, shares: Sequence[float] = SHARES) -> tuple[Square, ...]:
    """Return the smallest centred squares that hold the shares of a map, linearly."""
    held = _held(gradient, pixel)
    # A sum of floats may miss a share that is held exactly.
    return _smallest(held >= np.array(shares)[:, np.newaxis] - 1e-12, shares, pixel, gradient.shape)


def replknet_squares(
    gradient: Map, pixel: Pixel, shares: Sequence[float] = SHARES
) -> tuple[Square, ...]:
    """Return the squares that hold more than the shares, in RepLKNet's way.

    Its script takes log10(A + 1) of the raw average A, divides by the maximum, and begins with
    a side of 3. It computes in float32, in which all below 6e-8 is lost: where that is all of A,
    there are no squares. It gives up on squares wider or higher than the image; here they go on.
    """
    scores = np.log10(gradient.astype(np.float32) + 1).astype(np.float64)
    if not scores.any():
        return tuple(Square(share, 0, math.nan) for share in shares)
    held = _held(scores / scores.max(), pixel)
    more = held > np.array(shares)[:, np.newaxis]
    more[:, 0] = False
    more[:, -1] = True  # of a share of 1 there cannot be more
    return _smallest(more, shares, pixel, gradient.shape)


def mass_by_radius(gradient: Map, pixel: Pixel) -> Map:
    """Return the share of a map within each radius of 0, 1, 2, ... pixels, to the farthest."""
    y, x = _offsets(gradient.shape, pixel)
    ring = np.ceil(np.hypot(y, x)).astype(np.int64)  # (H, W)
    return _cumulated(ring, gradient)


def shape(gradient: Map, pixel: Pixel) -> Shape:
    """Return how far a map reaches from the pixel, and how differently by direction."""
    share = normalised(gradient)
    y, x = _offsets(gradient.shape, pixel)
    rows, columns = share.sum(1), share.sum(0)  # (H,), (W,)
    yy, xx = float(rows @ y[:, 0] ** 2), float(columns @ x[0] ** 2)
    yx = float(y[:, 0] @ share @ x[0])
    total, difference = xx + yy, math.hypot(xx - yy, 2 * yx)
    round_field = difference <= 1e-9 * total
    return Shape(
        radius=math.sqrt(total),
        anisotropy=0.0 if round_field else difference / total,
        # Rows count downwards, angles upwards.
        angle=math.nan if round_field else math.degrees(math.atan2(0 - 2 * yx, xx - yy) / 2),
    )


def _offsets(size: tuple[int, ...], pixel: Pixel) -> tuple[Map, Map]:
    y, x = np.ogrid[: size[0], : size[1]]
    return (y - pixel[0]).astype(np.float64), (x - pixel[1]).astype(np.float64)


def _held(values: Map, pixel: Pixel) -> Map:
    """Return the share in the squares of sides 1, 3, 5, ..., to the first that holds the image."""
    y, x = _offsets(values.shape, pixel)
    return _cumulated(np.maximum(abs(y), abs(x)).astype(np.int64), values)  # (H, W) -> (n,)


def _cumulated(ring: NDArray[np.int64], values: Map) -> Map:
    sums = np.cumsum(np.bincount(ring.ravel(), values.ravel()))
    shares: Map = sums / sums[-1]
    return shares


def _smallest(
    enough: NDArray[np.bool_], shares: Sequence[float], pixel: Pixel, size: tuple[int, ...]
) -> tuple[Square, ...]:
    found = []
    for share, half in zip(shares, enough.argmax(1), strict=True):
        area = math.prod(
            min(at + int(half), length - 1) - max(at - int(half), 0) + 1
            for at, length in zip(pixel, size, strict=True)
        )
        found.append(Square(share, 2 * int(half) + 1, area / math.prod(size)))
    return tuple(found)
