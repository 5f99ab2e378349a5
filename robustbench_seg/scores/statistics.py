"""Bootstrap over images, p-values of paired differences, and Holm's correction.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993). The images of a run are a sample.
Drawing as many of them again, with replacement, and scoring them, many times, shows how far the
score would move with other images. A resample is a row of weights: how often each image was drawn.
The sums of all resamples are one matrix product of whole numbers below 2**53, which float64 adds
exactly in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Default number of resamples."""

LEVEL = 0.95
"""Share of the resamples between the ends of an interval."""

RELIABLE_UNITS = 30
"""Number of images, or groups, below which intervals are too narrow.

In simulated runs the 95 % intervals of mIoU cover the true value in 94 % of the cases with 100
images, 92 % with 30, 90 % with 20 and 87 % with 10.
"""

MIN_GROUPS = 10
"""Number of groups from which on groups are resampled instead of images."""

Weights = NDArray[np.uint32]
Samples = NDArray[np.float64]


def draw_weights(units: int, resamples: int = RESAMPLES, seed: int = 0) -> Weights:
    """Return how often each of `units` is drawn in each resample: uint32 (resamples, units).

    The same arguments give the same weights on every machine and with every NumPy: the stream of
    the bit generator PCG64 is fixed, and the rest is integer arithmetic.
    """
    generator = np.random.PCG64(seed)
    weights = np.empty((resamples, units), np.uint32)
    rows = max(1, 2**20 // units)
    for start in range(0, resamples, rows):
        part = weights[start : start + rows]
        words = generator.random_raw(part.size) >> np.uint64(32)
        drawn = (words * np.uint64(units)) >> np.uint64(32)  # 0 to units - 1, equally likely
        drawn += np.repeat(np.arange(len(part), dtype=np.uint64) * np.uint64(units), units)
        part[:] = np.bincount(drawn.astype(np.intp), minlength=part.size).reshape(part.shape)
    return weights


def weighted_sums(weights: Weights, counts: NDArray[Any]) -> Samples:
    """Return the sums of counts (units, ...) under each row of weights: (resamples, ...)."""
    flat = counts.reshape(len(counts), -1).astype(np.float64, copy=False)  # (units, K)
    sums = weights.astype(np.float64) @ flat  # (resamples, units) -> (resamples, K)
    return sums.reshape(len(weights), *counts.shape[1:])


def group_sums(counts: NDArray[np.integer[Any]], groups: Sequence[str]) -> NDArray[np.int64]:
    """Add up the counts (images, ...) by group: int64 (groups, ...), in order of appearance."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(numbers), *counts.shape[1:]), np.int64)
    np.add.at(sums, [numbers[name] for name in groups], counts)
    return sums


def interval(samples: Samples, level: float = LEVEL) -> tuple[Samples, Samples]:
    """Return the ends of the percentile interval of samples (resamples, ...), (...) each.

    Resamples with an undefined score (NaN) do not count; both ends are NaN if all are undefined.
    """
    ordered = np.sort(samples, axis=0)  # NaN comes last
    defined = np.count_nonzero(~np.isnan(samples), axis=0)
    low, high = (_quantile(ordered, defined, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return low, high


def _quantile(ordered: Samples, defined: NDArray[np.intp], share: float) -> Samples:
    """Interpolate the quantile `share` of the first `defined` samples."""
    place = share * np.maximum(defined - 1, 0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(defined - 1, 0))
    left, right = (
        np.take_along_axis(ordered, index[np.newaxis], axis=0)[0] for index in (below, above)
    )
    return np.asarray(left + (right - left) * (place - below))


def p_value(differences: Samples) -> Samples:
    """Return the two-sided p-value of no difference, (...), from paired differences of resamples.

    `differences` is (resamples, ...). The p-value is twice the share of them on the other side of
    0, with one more counted there (Davison & Hinkley, 1997), so it is never 0. It falls below
    1 - level where 0 lies outside the interval of that level. NaN if no difference is defined.
    """
    defined = np.count_nonzero(~np.isnan(differences), axis=0)
    not_above = np.count_nonzero(differences <= 0, axis=0)
    not_below = np.count_nonzero(differences >= 0, axis=0)
    value = 2 * (np.minimum(not_above, not_below) + 1) / (defined + 1)
    return np.where(defined > 0, np.minimum(value, 1.0), np.nan)


def holm(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values (tests,) corrected for their number (Holm, 1979); NaN is no test.

    The probability of any false positive among the tests below a level is at most that level.
    """
    order = np.argsort(values)  # NaN comes last
    tests = np.count_nonzero(~np.isnan(values))
    factors = np.maximum(tests - np.arange(len(values)), 1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return corrected
