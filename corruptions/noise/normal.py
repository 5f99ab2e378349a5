"""Gaussian noise and speckle noise: add a normal variable, or one times the value.

The outcome grows with the variable n. So a noise is defined by its edges: the smallest n that
brings a level to at least 1, 2 .. 255, since results are truncated to grey levels. The probability
of n below an edge is that of a lower outcome, from which `alias` makes its tables.

The tables are computed with + - * / alone, which give the same bits on every machine.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ..arrays import Float64, Uint8, Uint32
from ..severity_table import Parameter, SeverityTable, Strength
from .alias import GREYS, LEVELS, MOST_TABLES, alias_tables, drawn

GAUSSIAN_NOISE = SeverityTable(Parameter("deviation", (0.08, 0.12, 0.18, 0.26, 0.38), 0.001, 10))
"""Standard deviation, where white is 1."""

SPECKLE_NOISE = SeverityTable(Parameter("deviation", (0.15, 0.2, 0.35, 0.45, 0.6), 0.001, 10))
"""Standard deviation, as a multiple of the value."""


def gaussian_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return clip(x + c n, 0, 1), n normal, of an image uint8 (H, W, 3) with values x."""
    return drawn(image, gaussian_tables(strength), stream)


def speckle_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return clip(x + x c n, 0, 1), n normal, of an image uint8 (H, W, 3) with values x."""
    return drawn(image, speckle_tables(strength), stream)


def gaussian_edges(strength: Strength) -> Float64:
    """Return the smallest n, (256, 255), for which x + c n is at least 1 / 255, 2 / 255 .. 1."""
    (deviation,) = GAUSSIAN_NOISE.at(strength)
    edges: Float64 = (GREYS - LEVELS) / (255.0 * deviation)
    return edges


def speckle_edges(strength: Strength) -> Float64:
    """Return the smallest n, (256, 255), for which x + x c n is at least 1 / 255, 2 / 255 .. 1."""
    (deviation,) = SPECKLE_NOISE.at(strength)
    with np.errstate(divide="ignore"):  # black stays black
        edges: Float64 = (GREYS / LEVELS - 1.0) / deviation
    return edges


def normal_below(edges: Float64) -> Float64:
    """Return the probabilities that a standard normal variable is below each edge.

    After Marsaglia, "Evaluating the normal distribution" (2004): 1/2, plus the density times
    x + x^3/3 + x^5/(3 5) + x^7/(3 5 7) .. The density is 1 / (sqrt(2 pi) exp(x^2 / 2)), with
    the exponential by its series, all of whose terms are positive.
    """
    x = np.clip(edges, -7.0, 7.0)  # beyond lie 1e-12 on each side
    square = x * x
    exponential, area = np.ones_like(x), x.copy()
    power, product = np.ones_like(x), x.copy()
    for k in range(1, 101):
        power *= square / (2 * k)
        exponential += power
        product *= square / (2 * k + 1)
        area += product
    return 0.5 + area / exponential / math.sqrt(2.0 * math.pi)


@lru_cache(MOST_TABLES)
def gaussian_tables(strength: Strength) -> Uint32:
    """Return the alias tables (256, 256) of Gaussian noise."""
    return alias_tables(normal_below(gaussian_edges(strength)))


@lru_cache(MOST_TABLES)
def speckle_tables(strength: Strength) -> Uint32:
    """Return the alias tables (256, 256) of speckle noise."""
    return alias_tables(normal_below(speckle_edges(strength)))
