"""How sure a score is: the bootstrap over images, differences of two models, Holm's correction.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993). The images of a run are a sample of
those that might have been taken; drawing as many of them again, with replacement, and scoring what
was drawn, many times, shows how far the score would move with other images. A resample is a row of
weights: how often each image was drawn. The sums of all resamples are then one product of matrices
of whole numbers below 2**53, which is exact in float64 in whatever order it is added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""How many resamples are drawn unless others are asked for."""

LEVEL = 0.95
"""Of the intervals."""

FEW = 30
"""Below so many images, or groups, intervals are too narrow to be taken at their word.

In simulated runs the 95 % intervals of mIoU hold the true value in 94 % of the cases with 100
images, 92 % with 30, 90 % with 20 and 87 % with 10.
"""

FEWEST_GROUPS = 10
"""Groups are drawn in place of images where there are at least so many."""

Weights = NDArray[np.uint32]
Samples = NDArray[np.float64]


def draw_weights(units: int, resamples: int = RESAMPLES, seed: int = 0) -> Weights:
    """Draw `units` of as many with replacement, `resamples` times: uint32 (resamples, units).

    The same arguments give the same weights on every machine and with every NumPy, for the stream
    of the bit generator PCG64 is fixed, and what is made of it here is integer arithmetic.
    """
    generator = np.random.PCG64(seed)
    weights = np.empty((resamples, units), np.uint32)
    rows = max(1, 2**20 // units)
    for start in range(0, resamples, rows):
        part = weights[start : start + rows]
        words = generator.random_raw(part.size) >> np.uint64(32)
        drawn = (words * np.uint64(units)) >> np.uint64(32)  # 0 to units - 1, all as likely
        drawn += np.repeat(np.arange(len(part), dtype=np.uint64) * np.uint64(units), units)
        part[:] = np.bincount(drawn.astype(np.intp), minlength=part.size).reshape(part.shape)
    return weights


def weighted_sums(weights: Weights, counts: NDArray[Any]) -> Samples:
    """Return the sums of counts (units, ...) under each row of weights: (resamples, ...)."""
    flat = counts.reshape(len(counts), -1).astype(np.float64, copy=False)  # (units, K)
    sums = weights.astype(np.float64) @ flat  # (resamples, units) -> (resamples, K)
    return sums.reshape(len(weights), *counts.shape[1:])


def group_sums(counts: NDArray[np.integer[Any]], groups: Sequence[str]) -> NDArray[np.int64]:
    """Add up the counts (images, ...) of each group: int64 (groups, ...), in order of appearance.

    Where groups are drawn in place of images, their images are drawn together.
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(numbers), *counts.shape[1:]), np.int64)
    np.add.at(sums, [numbers[name] for name in groups], counts)
    return sums


def interval(samples: Samples, level: float = LEVEL) -> tuple[Samples, Samples]:
    """Return the quantiles of samples (resamples, ...) between which `level` of them lie.

    This is the percentile interval. Resamples in which the score is undefined (NaN) do not count;
    both ends are NaN where it never is.
    """
    ordered = np.sort(samples, axis=0)  # NaN comes last
    defined = np.count_nonzero(~np.isnan(samples), axis=0)
    low, high = (_quantile(ordered, defined, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return low, high


def _quantile(ordered: Samples, defined: NDArray[np.intp], share: float) -> Samples:
    """Interpolate between the two samples next to a share of the `defined` first."""
    place = share * np.maximum(defined - 1, 0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(defined - 1, 0))
    left, right = (
        np.take_along_axis(ordered, index[np.newaxis], axis=0)[0] for index in (below, above)
    )
    return np.asarray(left + (right - left) * (place - below))


def p_value(differences: Samples) -> Samples:
    """Return how likely it is to find a difference as far from 0 as this, if there is none.

    `differences` (resamples, ...) are those of two models on the same resamples. The value is twice
    the share of them on the other side of 0, counted with one more that lies there (Davison &
    Hinkley, 1997), so that it is never 0: it falls below 1 - level where 0 lies outside the
    interval of that level. NaN where a difference is never defined.
    """
    defined = np.count_nonzero(~np.isnan(differences), axis=0)
    not_above = np.count_nonzero(differences <= 0, axis=0)
    not_below = np.count_nonzero(differences >= 0, axis=0)
    value = 2 * (np.minimum(not_above, not_below) + 1) / (defined + 1)
    return np.where(defined > 0, np.minimum(value, 1.0), np.nan)


def holm(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values (tests,) corrected for their number (Holm, 1979).

    The chance that any of the tests that fall below a level does so wrongly is then at most that
    level. NaN stays, and is no test.
    """
    order = np.argsort(values)  # NaN comes last
    tests = np.count_nonzero(~np.isnan(values))
    factors = np.maximum(tests - np.arange(len(values)), 1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return corrected
