"""How far a receptive field reaches: pure functions of its map and of the pixel of its unit.

A map is float64 (H, W), non-negative with a positive sum; a pixel is (y, x). Squares and discs are
centred on the pixel, which may be anywhere, and clipped to the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .request import Pixel

Map = NDArray[np.float64]

SHARES = (0.2, 0.3, 0.5, 0.99)
"""Shares that RepLKNet reports."""


class Square(NamedTuple):
    """The smallest centred square that holds a share of a map."""

    share: float
    side: int
    """Side in pixels before clipping, odd; 0 if no square holds the share."""
    area: float
    """Area after clipping, as a share of the image; NaN if no square holds the share."""


class Moments(NamedTuple):
    """Second moments of a map about its pixel: how far and in which direction it reaches."""

    radius: float
    """Root of the mean squared distance, in pixels."""
    anisotropy: float
    """(a - b) / (a + b) of the variances along the long and the short axis: 0 round, 1 a line."""
    angle: float
    """Angle of the long axis in (-90, 90] degrees: 0 along a row, positive if it rises to the
    right; NaN for a round field."""


def normalised(gradient: Map) -> Map:
    """Return the map divided by its sum."""
    share: Map = gradient / gradient.sum()
    return share


def squares(gradient: Map, pixel: Pixel, shares: Sequence[float] = SHARES) -> tuple[Square, ...]:
    """Return the smallest centred squares that hold the shares of the linear map."""
    held = _share_in_squares(gradient, pixel)
    # A sum of floats may miss a share that is held exactly.
    return _smallest(held >= np.array(shares)[:, np.newaxis] - 1e-12, shares, pixel, gradient.shape)


def replknet_squares(
    gradient: Map, pixel: Pixel, shares: Sequence[float] = SHARES
) -> tuple[Square, ...]:
    """Return the smallest centred squares that hold more than the shares, by RepLKNet's procedure.

    Its script takes log10(A + 1) of the raw average A, divides by the maximum, and starts at a side
    of 3. It computes in float32, which loses everything below 6e-8: a map entirely below that has
    no squares. The script stops at squares larger than the image; here they are clipped.
    """
    scores = np.log10(gradient.astype(np.float32) + 1).astype(np.float64)
    if not scores.any():
        return tuple(Square(share, 0, math.nan) for share in shares)
    held = _share_in_squares(scores / scores.max(), pixel)
    more = held > np.array(shares)[:, np.newaxis]
    more[:, 0] = False
    more[:, -1] = True  # no square holds more than a share of 1
    return _smallest(more, shares, pixel, gradient.shape)


def mass_by_radius(gradient: Map, pixel: Pixel) -> Map:
    """Return the share of a map within each radius of 0, 1, 2, ... pixels, up to 1."""
    y, x = _offsets(gradient.shape, pixel)
    ring = np.ceil(np.hypot(y, x)).astype(np.int64)  # (H, W)
    return _cumulative_share(ring, gradient)


def moments(gradient: Map, pixel: Pixel) -> Moments:
    """Return the second moments of a map about a pixel."""
    share = normalised(gradient)
    y, x = _offsets(gradient.shape, pixel)
    rows, columns = share.sum(1), share.sum(0)  # (H,), (W,)
    yy, xx = float(rows @ y[:, 0] ** 2), float(columns @ x[0] ** 2)
    yx = float(y[:, 0] @ share @ x[0])
    total, difference = xx + yy, math.hypot(xx - yy, 2 * yx)
    is_round = difference <= 1e-9 * total
    return Moments(
        radius=math.sqrt(total),
        anisotropy=0.0 if is_round else difference / total,
        # Rows count downwards, angles upwards.
        angle=math.nan if is_round else math.degrees(math.atan2(0 - 2 * yx, xx - yy) / 2),
    )


def _offsets(size: tuple[int, ...], pixel: Pixel) -> tuple[Map, Map]:
    y, x = np.ogrid[: size[0], : size[1]]  # (H, 1), (1, W)
    return (y - pixel[0]).astype(np.float64), (x - pixel[1]).astype(np.float64)


def _share_in_squares(values: Map, pixel: Pixel) -> Map:
    """Return the share within the squares of sides 1, 3, 5, ..., up to the whole image."""
    y, x = _offsets(values.shape, pixel)
    return _cumulative_share(np.maximum(abs(y), abs(x)).astype(np.int64), values)  # (H, W) -> (n,)


def _cumulative_share(ring: NDArray[np.int64], values: Map) -> Map:
    sums = np.cumsum(np.bincount(ring.ravel(), values.ravel()))  # (H, W) -> (n,)
    shares: Map = sums / sums[-1]
    return shares


def _smallest(
    enough: NDArray[np.bool_], shares: Sequence[float], pixel: Pixel, size: tuple[int, ...]
) -> tuple[Square, ...]:
    """Return the first square that is `enough` (shares, n) for each share."""
    found = []
    for share, half in zip(shares, enough.argmax(1), strict=True):
        area = math.prod(
            min(at + int(half), length - 1) - max(at - int(half), 0) + 1
            for at, length in zip(pixel, size, strict=True)
        )
        found.append(Square(share, 2 * int(half) + 1, area / math.prod(size)))
    return tuple(found)
