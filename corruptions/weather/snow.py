"""Snow: flakes of smeared noise over a paler image.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blur.motion import line_taps
from ..blur.taps import sum_taps
from ..kernels.compiling import kernel
from ..normals import fill_normals
from ..randomness import uniform


@dataclass(frozen=True)
class Snow:
    """The noise, what of it is a flake, how that falls, and what is left of the image's colours."""

    mean: float
    deviation: float
    zoom: float
    threshold: float
    length: int  # half of it, in pixels, of the flakes' way
    fade: float  # the deviation of the weights along it
    kept: float


SNOW = (
    Snow(0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
    Snow(0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
    Snow(0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
    Snow(0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
    Snow(0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
)
"""By severity."""

STEEPEST, WIDTH_OF_ANGLES = -135.0, 90.0
"""Flakes fall at any angle from -135 to -45 degrees."""

NOISE_START = 2

WHITE = np.float32(255)
RED, GREEN, BLUE = np.float32(0.299), np.float32(0.587), np.float32(0.114)  # of a colour's grey
CONTRAST, PALE = np.float32(1.5), np.float32(127.5)


def snow(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return an image, RGB uint8 (H, W, 3), paler and with flakes on it.

    Words 0 and 1 of the stream are the angle of the flakes. Of the noise, from word 2 on, only what
    is left in the middle after the zoom is drawn. Of sides less than 25 pixels, see `line_taps`.
    """
    angle = STEEPEST + WIDTH_OF_ANGLES * uniform(stream)
    height, width, _ = image.shape
    noise = np.empty(noise_shape(severity, height, width), np.float32)
    fill_normals(np.uint64(stream), NOISE_START, noise.reshape(-1))
    return snowed(image, severity, noise, angle)


def noise_shape(severity: int, height: int, width: int) -> tuple[int, int]:
    """Return how much noise the flakes of an image come from, before it is zoomed."""
    zoom = SNOW[severity - 1].zoom
    return math.ceil(height / zoom), math.ceil(width / zoom)


def snowed(
    image: NDArray[np.uint8], severity: int, noise: NDArray[Any], angle: float
) -> NDArray[np.uint8]:
    """Return c x + (1 - c) max(x, 1.5 grey + 0.5) + f + f turned by half, of an image's values x.

    The flakes f come from standard normal noise (h, w), and are computed in its type.
    """
    height, width, _ = image.shape
    c = SNOW[severity - 1]
    layer = np.empty((height, width), np.uint8)
    fill_flakes(noise, c, angle, layer)
    result = np.array(image, order="C")
    _add(result.reshape(height, -1), layer, np.float32(c.kept), np.float32(1 - c.kept))
    return result


def fill_flakes(noise: NDArray[Any], c: Snow, angle: float, layer: NDArray[np.uint8]) -> None:
    """Fill the upper left corner (H, W) of the layer of flakes, in grey levels.

    The published form zooms the noise, cuts off what is no flake, smears that, and crops it.
    Here the rows pass through all of these, one after another; it is the same but for what the
    crop would throw away.
    """
    real = noise.dtype.type
    zoomed = [round(side * c.zoom) for side in noise.shape]
    taps = line_taps(c.length, c.fade, angle, zoomed[0], zoomed[1])
    (above, below), (left, right) = taps.margins()
    down = _between(noise.shape[0], zoomed[0], -above, layer.shape[0] + below)
    across = _between(noise.shape[1], zoomed[1], -left, layer.shape[1] + right)
    _fall(
        noise,
        (down[0], down[1].astype(real)),
        (across[0], across[1].astype(real)),
        (real(c.mean), real(c.deviation), real(c.threshold)),
        (taps.rows + above, taps.columns + left, taps.weights.astype(real)),
        layer,
    )


def _between(
    old: int, new: int, first: int, last: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the two numbers that each of a zoomed row lies between, (N, 2), and their weights.

    These are for places `first` to `last` - 1 of `new` ones that `old` numbers become; places
    beyond are the outermost ones. As in SciPy, a place that rounding puts after the last number is
    none: both weights are 0 there.
    """
    places = np.clip(np.arange(first, last), 0, new - 1) * ((old - 1) / (new - 1))
    before = np.minimum(places.astype(np.int64), old - 1)
    share = places - before
    weights = np.stack([1.0 - share, share], axis=-1)  # (N, 2)
    weights[places > old - 1] = 0.0
    return np.stack([before, np.minimum(before + 1, old - 1)], axis=-1), weights


@kernel
def _fall(
    noise: NDArray[Any],
    down: tuple[NDArray[np.int64], NDArray[Any]],
    across: tuple[NDArray[np.int64], NDArray[Any]],
    cut: tuple[Any, Any, Any],
    taps: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]],
    layer: NDArray[np.uint8],
) -> None:
    """Keep as many rows of flakes, in a ring, as the taps reach, and sum them to the layer's."""
    stretched = np.empty((noise.shape[0], across[0].shape[0]), noise.dtype)
    for y in range(noise.shape[0]):
        _stretch(noise[y], across[0], across[1], stretched[y])
    numbers, weights_of_numbers = down
    rows, starts, weights = taps
    length = numbers.shape[0] - layer.shape[0] + 1
    ring = np.empty((length, stretched.shape[1]), noise.dtype)
    sums = np.empty(layer.shape[1], noise.dtype)
    for y in range(numbers.shape[0]):
        upper, lower = stretched[numbers[y, 0]], stretched[numbers[y, 1]]
        _cut(upper, lower, weights_of_numbers[y], cut, ring[y % length])
        top = y - length + 1
        if top >= 0:
            sum_taps(ring, (top + rows) % length, starts, weights, sums)
            _round(sums, layer[top])


@kernel
def _stretch(
    row: NDArray[Any], numbers: NDArray[np.int64], weights: NDArray[Any], stretched: NDArray[Any]
) -> None:
    """Zoom a row (w,) of noise to (N,)."""
    for x in range(stretched.size):
        left, right = row[numbers[x, 0]], row[numbers[x, 1]]
        stretched[x] = weights[x, 0] * left + weights[x, 1] * right


@kernel
def _cut(
    upper: NDArray[Any],
    lower: NDArray[Any],
    weights: NDArray[Any],
    cut: tuple[Any, Any, Any],
    flakes: NDArray[Any],
) -> None:
    """Fill a row of flakes, from the threshold to 1, and 0 between them, from two of noise."""
    mean, deviation, threshold = cut
    of_upper, of_lower = weights[0], weights[1]
    none, whole = flakes.dtype.type(0), flakes.dtype.type(1)
    for x in range(flakes.size):
        flake = mean + deviation * (of_upper * upper[x] + of_lower * lower[x])
        flake = whole if flake > whole else flake
        flakes[x] = none if flake < threshold else flake


@kernel
def _round(sums: NDArray[Any], levels: NDArray[np.uint8]) -> None:
    """Round sums from 0 to 1 to grey levels."""
    white, half = sums.dtype.type(255), sums.dtype.type(0.5)
    for x in range(levels.size):
        levels[x] = np.uint8(np.int32(sums[x] * white + half))


@kernel
def _add(
    rows: NDArray[np.uint8], layer: NDArray[np.uint8], kept: np.float32, rest: np.float32
) -> None:
    """Make rows (H, 3 W) paler and add a layer (H, W), once as it is and once half turned."""
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
    """Return a value mixed with what is pale, if that is brighter, and with flakes added."""
    pale = pale if pale > value else value
    total = kept * value + rest * pale + added
    return np.uint8(np.int32(total if total < WHITE else WHITE))
