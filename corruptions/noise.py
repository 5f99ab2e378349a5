"""The noises: Gaussian, shot, impulse and speckle.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

All four treat each value of the image by itself, so a noise is what can become of the 256 grey
levels, and how probably. In Gaussian, shot and speckle noise the outcome grows with the value that
is drawn. Such a noise is told here by its edges: the least draw that brings a level to 1, to 2
.. to 255 at least, results between two grey levels being cut off as in the package. An edge's
probability is that of its level's outcome being less, and an alias table draws from those.

What decides a pixel is computed with + - * / alone, whose results are the same everywhere.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .alias import BLOCK, alias_tables, draw_levels
from .kernels import kernel
from .randomness import fill_words

GAUSSIAN_NOISE = (0.08, 0.12, 0.18, 0.26, 0.38)
"""By severity: the standard deviation, where white is 1."""

SPECKLE_NOISE = (0.15, 0.2, 0.35, 0.45, 0.6)
"""By severity: the standard deviation, as a part of the value."""

SHOT_NOISE = (60, 25, 12, 5, 3)
"""By severity: the photons that white stands for."""

IMPULSE_NOISE = (0.03, 0.06, 0.09, 0.17, 0.27)
"""By severity: the part of the values that is replaced, half by black and half by white."""

LEVELS = np.arange(256.0)[:, np.newaxis]  # (256, 1)
GREYS = np.arange(1.0, 256.0)  # (255,)


def gaussian_noise(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return clip(x + c n, 0, 1), n normal, of an image uint8 (H, W, 3) with values x."""
    return _drawn(image, gaussian_tables(severity), stream)


def speckle_noise(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return clip(x + x c n, 0, 1), n normal, of an image uint8 (H, W, 3) with values x."""
    return _drawn(image, speckle_tables(severity), stream)


def shot_noise(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return clip(k / c, 0, 1), k Poisson with mean c x, of an image uint8 (H, W, 3)."""
    return _drawn(image, shot_tables(severity), stream)


def impulse_noise(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return an image uint8 (H, W, 3), some of its values black and as many white."""
    result = np.array(image, order="C")
    _replace(result.reshape(-1), np.uint64(stream), impulse_half(severity))
    return result


def gaussian_edges(severity: int) -> NDArray[np.float64]:
    """Return the least n, (256, 255), with which x + c n is at least 1 / 255, 2 / 255 .. 1."""
    return (GREYS - LEVELS) / (255.0 * GAUSSIAN_NOISE[severity - 1])


def speckle_edges(severity: int) -> NDArray[np.float64]:
    """Return the least n, (256, 255), with which x + x c n is at least 1 / 255, 2 / 255 .. 1."""
    with np.errstate(divide="ignore"):  # black stays black
        return (GREYS / LEVELS - 1.0) / SPECKLE_NOISE[severity - 1]


def shot_edges(severity: int) -> NDArray[np.int64]:
    """Return the least number of photons, (255,), that is shown as at least 1, 2 .. 255."""
    white = SHOT_NOISE[severity - 1]
    shown = np.arange(white + 1) / white * 255.0
    return np.searchsorted(shown, GREYS)


def impulse_half(severity: int) -> np.uint32:
    """Return the probability of black, and of white, in units of 2**-32."""
    return np.uint32(round(IMPULSE_NOISE[severity - 1] / 2 * 2**32))


def normal_below(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities that a standard normal variable is less.

    By Marsaglia, "Evaluating the normal distribution" (2004): 1/2, plus the density times
    x + x^3/3 + x^5/(3 5) + x^7/(3 5 7) .. The density is 1 / (sqrt(2 pi) exp(x^2 / 2)), with
    the exponential by its series, all of whose terms are positive.
    """
    x = np.clip(edges, -7.0, 7.0)  # beyond are 1e-12 on each side
    square = x * x
    exponential, area = np.ones_like(x), x.copy()
    power, product = np.ones_like(x), x.copy()
    for k in range(1, 101):
        power *= square / (2 * k)
        exponential += power
        product *= square / (2 * k + 1)
        area += product
    return 0.5 + area / exponential / math.sqrt(2.0 * math.pi)


def poisson_below(means: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probabilities that Poisson variables of means (N, 1) up to 60 are less, (N, M).

    Their probabilities go as mean^k / k!, and what makes their sum 1 is that sum itself.
    """
    counts = np.arange(1.0, 256.0)  # beyond are less than 1e-80
    ratios = np.insert(means / counts, 0, 1.0, axis=1)  # (N, 256)
    sums = np.cumsum(np.cumprod(ratios, axis=1), axis=1)  # both one after another
    probabilities: NDArray[np.float64] = sums[:, edges - 1] / sums[:, -1:]  # every edge is > 0
    return probabilities


@kernel
def replace_levels(levels: NDArray[np.uint8], words: NDArray[np.uint32], half: np.uint32) -> None:
    """Make levels (N,) black whose word is less than `half`, and the next as many white."""
    whole = np.uint32(half + half)
    for i in range(levels.size):
        level = levels[i]
        level = np.uint8(255) if words[i] < whole else level
        level = np.uint8(0) if words[i] < half else level
        levels[i] = level


@cache
def gaussian_tables(severity: int) -> NDArray[np.uint32]:
    """Return the alias tables (256, 256) of Gaussian noise."""
    return alias_tables(normal_below(gaussian_edges(severity)))


@cache
def speckle_tables(severity: int) -> NDArray[np.uint32]:
    """Return the alias tables (256, 256) of speckle noise."""
    return alias_tables(normal_below(speckle_edges(severity)))


@cache
def shot_tables(severity: int) -> NDArray[np.uint32]:
    """Return the alias tables (256, 256) of shot noise."""
    means = LEVELS / 255.0 * SHOT_NOISE[severity - 1]
    return alias_tables(poisson_below(means, shot_edges(severity)))


def _drawn(image: NDArray[np.uint8], tables: NDArray[np.uint32], stream: int) -> NDArray[np.uint8]:
    """Return the image with each value drawn anew from the row of its level."""
    result = np.array(image, order="C")
    draw_levels(result.reshape(-1), np.uint64(stream), tables)
    return result


@kernel
def _replace(levels: NDArray[np.uint8], stream: np.uint64, half: np.uint32) -> None:
    """Replace levels (N,) by black or white, each with probability `half` / 2**32."""
    words = np.empty(BLOCK, np.uint32)
    for start in range(0, levels.size, BLOCK):
        fill_words(stream, start, words)
        replace_levels(levels[start : start + BLOCK], words, half)
