"""Fast path of `weather.snow`: the rows of flakes are smeared as soon as they are made."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, Float64, Int64, Uint8
from ..blur.motion import line_taps, sum_taps
from ..compiling import kernel
from ..severity_table import Strength
from ..weather.snow import LUMA, SNOW, Snow, draw

WHITE = np.float32(255)
RED, GREEN, BLUE = map(np.float32, LUMA)
CONTRAST, PALE = np.float32(1.5), np.float32(127.5)


def snow(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), paler and with falling snow."""
    return snowed(image, strength, *draw(strength, image.shape[:2], stream))


def snowed(image: Uint8, strength: Strength, noise: Array, angle: float) -> Uint8:
    """Return the image under snow of an angle from standard normal noise (h, w), in its dtype."""
    height, width, _ = image.shape
    c, real = Snow(*SNOW.at(strength)), noise.dtype.type
    enlarged = [round(side * c.zoom) for side in noise.shape]
    taps = line_taps(c.length, c.fade, angle, *enlarged)
    (above, below), (left, right) = taps.margins()
    # Only the part of the enlarged noise that the streaks of the image reach is computed.
    down = zoom_taps(noise.shape[0], enlarged[0], -above, height + below)
    across = zoom_taps(noise.shape[1], enlarged[1], -left, width + right)
    layer = np.empty((height, width), np.uint8)
    _fall(
        noise,
        (down[0], down[1].astype(real)),
        (across[0], across[1].astype(real)),
        (real(c.mean), real(c.deviation), real(c.threshold)),
        (taps.rows + above, taps.columns + left, taps.weights.astype(real)),
        layer,
    )
    result = np.array(image, order="C")
    _add(result.reshape(height, -1), layer, np.float32(c.kept), np.float32(1 - c.kept))
    return result


def zoom_taps(old: int, new: int, first: int, last: int) -> tuple[Int64, Float64]:
    """Return the two neighbours of each value of an enlarged row, (N, 2), and their weights.

    The row has `new` values, from `old` ones; N of them are asked for, from `first` to `last` - 1.
    Beyond its ends it repeats its outermost values. If rounding puts a value behind the last old
    one, its weights are 0, as in SciPy.
    """
    places = np.clip(np.arange(first, last), 0, new - 1) * ((old - 1) / (new - 1))
    before = np.minimum(places.astype(np.int64), old - 1)
    share = places - before
    weights = np.stack([1.0 - share, share], axis=-1)  # (N, 2)
    weights[places > old - 1] = 0.0
    return np.stack([before, np.minimum(before + 1, old - 1)], axis=-1), weights


@kernel
def _fall(
    noise: Array,
    down: tuple[Int64, Array],
    across: tuple[Int64, Array],
    cut: tuple[Any, Any, Any],
    taps: tuple[Int64, Int64, Array],
    layer: Uint8,
) -> None:
    """Write the layer (H, W) of streaks, from a ring buffer of as many rows as the taps reach."""
    stretched = np.empty((noise.shape[0], across[0].shape[0]), noise.dtype)
    for y in range(noise.shape[0]):
        _stretch(noise[y], across[0], across[1], stretched[y])
    neighbours, shares = down
    rows, starts, weights = taps
    length = neighbours.shape[0] - layer.shape[0] + 1
    ring = np.empty((length, stretched.shape[1]), noise.dtype)
    sums = np.empty(layer.shape[1], noise.dtype)
    white, half = noise.dtype.type(255), noise.dtype.type(0.5)
    for y in range(neighbours.shape[0]):
        upper, lower = stretched[neighbours[y, 0]], stretched[neighbours[y, 1]]
        _cut(upper, lower, shares[y], cut, ring[y % length])
        top = y - length + 1
        if top >= 0:
            sum_taps(ring, (top + rows) % length, starts, weights, sums)
            levels = layer[top]
            for x in range(levels.size):  # rounded
                levels[x] = np.uint8(np.int32(sums[x] * white + half))


@kernel
def _stretch(row: Array, neighbours: Int64, weights: Array, stretched: Array) -> None:
    """Write a row (w,) of noise enlarged to (N,)."""
    for x in range(stretched.size):
        left, right = row[neighbours[x, 0]], row[neighbours[x, 1]]
        stretched[x] = weights[x, 0] * left + weights[x, 1] * right


@kernel
def _cut(
    upper: Array, lower: Array, weights: Array, cut: tuple[Any, Any, Any], flakes: Array
) -> None:
    """Write a row (N,) of flakes between two rows of noise: threshold to 1, and 0 elsewhere."""
    mean, deviation, threshold = cut
    of_upper, of_lower = weights[0], weights[1]
    none, whole = flakes.dtype.type(0), flakes.dtype.type(1)
    for x in range(flakes.size):
        flake = mean + deviation * (of_upper * upper[x] + of_lower * lower[x])
        flake = whole if flake > whole else flake
        flakes[x] = none if flake < threshold else flake


@kernel
def _add(rows: Uint8, layer: Uint8, kept: np.float32, rest: np.float32) -> None:
    """Make rows (H, 3 W) paler; add a layer (H, W), and the same turned by 180 degrees."""
    height, width = layer.shape
    flakes = np.empty(width, np.uint16)
    for y in range(height):
        row, once, turned = rows[y], layer[y], layer[height - 1 - y]
        for x in range(width):
            flakes[x] = np.uint16(once[x]) + np.uint16(turned[width - 1 - x])
        for x in range(width):
            red, green = np.float32(row[3 * x]), np.float32(row[3 * x + 1])
            blue = np.float32(row[3 * x + 2])
            pale = (RED * red + GREEN * green + BLUE * blue) * CONTRAST + PALE
            added = np.float32(flakes[x])
            row[3 * x] = _paler(red, pale, kept, rest, added)
            row[3 * x + 1] = _paler(green, pale, kept, rest, added)
            row[3 * x + 2] = _paler(blue, pale, kept, rest, added)


@kernel
def _paler(
    value: np.float32, pale: np.float32, kept: np.float32, rest: np.float32, added: np.float32
) -> np.uint8:
    """Return a value mixed with the brighter of itself and `pale`, plus flakes, up to white."""
    pale = pale if pale > value else value
    total = kept * value + rest * pale + added
    return np.uint8(np.int32(total if total < WHITE else WHITE))
