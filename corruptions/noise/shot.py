"""Shot noise: the photons that make up a grey level, counted.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

The outcome grows with their number, so the noise is told by its edges: the fewest photons that
are shown as 1, as 2 .. as 255 at least, results between two grey levels being cut off as in the
package. An edge's probability is that of its level's outcome being less, and an alias table draws
from those.

What decides a pixel is computed with + - * / alone, whose results are the same everywhere.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .alias import GREYS, LEVELS, alias_tables, drawn

SHOT_NOISE = (60, 25, 12, 5, 3)
"""By severity: the photons that white stands for."""


def shot_noise(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return clip(k / c, 0, 1), k Poisson with mean c x, of an image uint8 (H, W, 3)."""
    return drawn(image, shot_tables(severity), stream)


def shot_edges(severity: int) -> NDArray[np.int64]:
    """Return the least number of photons, (255,), that is shown as at least 1, 2 .. 255."""
    white = SHOT_NOISE[severity - 1]
    shown = np.arange(white + 1) / white * 255.0
    return np.searchsorted(shown, GREYS)


def poisson_below(means: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probabilities that Poisson variables of means (N, 1) up to 60 are less, (N, M).

    Their probabilities go as mean^k / k!, and what makes their sum 1 is that sum itself.
    """
    counts = np.arange(1.0, 256.0)  # beyond are less than 1e-80
    ratios = np.insert(means / counts, 0, 1.0, axis=1)  # (N, 256)
    sums = np.cumsum(np.cumprod(ratios, axis=1), axis=1)  # both one after another
    probabilities: NDArray[np.float64] = sums[:, edges - 1] / sums[:, -1:]  # every edge is > 0
    return probabilities


@cache
def shot_tables(severity: int) -> NDArray[np.uint32]:
    """Return the alias tables (256, 256) of shot noise."""
    means = LEVELS / 255.0 * SHOT_NOISE[severity - 1]
    return alias_tables(poisson_below(means, shot_edges(severity)))
