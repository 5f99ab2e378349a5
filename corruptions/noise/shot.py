"""Shot noise: a grey level is a random number of photons.

The outcome grows with the number. As in `normal`, the noise is defined by its edges: the smallest
numbers that are shown as at least 1, 2 .. 255, since results are truncated to grey levels.

The tables are computed with + - * / alone, which give the same bits on every machine.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..arrays import Float64, Int64, Uint8, Uint32
from ..severity_table import Parameter, SeverityTable, Strength
from .alias import GREYS, LEVELS, MOST_TABLES, alias_tables, drawn

SHOT_NOISE = SeverityTable(Parameter("photons", (60, 25, 12, 5, 3), 0.1, 60))
"""Expected photons of white."""


def shot_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return clip(k / c, 0, 1), k Poisson with mean c x, of an image uint8 (H, W, 3)."""
    return drawn(image, shot_tables(strength), stream)


def shot_edges(strength: Strength) -> Int64:
    """Return the smallest numbers of photons, (255,), shown as at least 1, 2 .. 255."""
    (white,) = SHOT_NOISE.at(strength)
    shown = np.arange(white + 1) / white * 255.0
    return np.searchsorted(shown, GREYS)


def poisson_below(means: Float64, edges: Int64) -> Float64:
    """Return the probabilities (N, M) that Poisson variables are below each of M edges.

    Means are (N, 1), up to 60. Probabilities are mean^k / k!, divided by their sum.
    """
    counts = np.arange(1.0, 256.0)  # the rest sums to less than 1e-80
    ratios = np.insert(means / counts, 0, 1.0, axis=1)  # (N, 256)
    sums = np.cumsum(np.cumprod(ratios, axis=1), axis=1)  # both are sequential
    probabilities: Float64 = sums[:, edges - 1] / sums[:, -1:]  # every edge is > 0
    return probabilities


@lru_cache(MOST_TABLES)
def shot_tables(strength: Strength) -> Uint32:
    """Return the alias tables (256, 256) of shot noise."""
    (white,) = SHOT_NOISE.at(strength)
    means = LEVELS / 255.0 * white
    return alias_tables(poisson_below(means, shot_edges(strength)))
