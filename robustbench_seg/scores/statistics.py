"""Bootstrap over images, the sign-flip test of paired differences, and Holm's correction.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993). The images of a run are a sample.
Drawing as many of them again, with replacement, and scoring them, many times, shows how far the
score would move with other images. A resample is a row of weights: how often each image was drawn.
The sums of all resamples are one matrix product of whole numbers below 2**53, which float64 adds
exactly in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..processes import available_cores

Part = TypeVar("Part")
Result = TypeVar("Result")

RESAMPLES = 2000
"""Default number of resamples."""

LEVEL = 0.95
"""Share of the resamples between the ends of an interval."""

RELIABLE_UNITS = 30
"""Number of images, or groups, below which intervals are too narrow.

In simulated runs the 95 % intervals of mIoU cover the true value in 94 % of the cases with 100
images, 92 % with 30, 90 % with 20 and 87 % with 10.
"""

MIN_UNITS = 10
"""Least number of units, images or groups, for an interval."""

MIN_TEST_UNITS = 8
"""Least number of units for a p-value; images are the units where there are fewer groups."""

FLIPS = 2**13
"""Most sign flips: all of up to 14 units, and a random sample of those of more."""

_EQUAL = 1e-12
"""Largest difference of two scores, as fractions, that rounding explains."""

Weights = NDArray[np.uint8] | NDArray[np.uint32] | NDArray[np.float64]
Samples = NDArray[np.float64]


def draw_weights(
    units: int, resamples: int = RESAMPLES, seed: int = 0, drawn: int | None = None
) -> Weights:
    """Return how often each of `units` is drawn in each resample: uint32 (resamples, units).

    As many are `drawn` as there are units, unless another number is given.
    The same arguments give the same weights on every machine and with every NumPy: the stream of
    the bit generator PCG64 is fixed, and the rest is integer arithmetic.
    """
    generator = np.random.PCG64(seed)
    weights = np.empty((resamples, units), np.uint32)
    number = units if drawn is None else drawn
    rows = max(1, 2**20 // units)
    for start in range(0, resamples, rows):
        part = weights[start : start + rows]
        words = generator.random_raw(len(part) * number) >> np.uint64(32)
        places = (words * np.uint64(units)) >> np.uint64(32)  # 0 to units - 1, equally likely
        places += np.repeat(np.arange(len(part), dtype=np.uint64) * np.uint64(units), number)
        part[:] = np.bincount(places.astype(np.intp), minlength=part.size).reshape(part.shape)
    return weights


def weighted_sums(weights: Weights, counts: NDArray[Any]) -> Samples:
    """Return the sums of counts (units, ...) under each row of weights: (resamples, ...)."""
    flat = counts.reshape(len(counts), -1).astype(np.float64, copy=False)  # (units, K)
    # Resamples are next to each other in memory: the few classes would make short loops.
    sums = flat.T @ weights.astype(np.float64).T  # (K, units) -> (K, resamples)
    return np.moveaxis(sums.reshape(*counts.shape[1:], len(weights)), -1, 0)


def sums_in_blocks(
    weights: Weights, counts: NDArray[np.float64]
) -> Iterator[tuple[slice, Samples]]:
    """Yield rows of weights and the sums of counts (units, ...) under them: (rows, ...).

    They are a few hundred rows at a time, which stay in the cache while they are scored.
    """
    rows = max(16, 2**18 // counts[0].size)
    for start in range(0, len(weights), rows):
        part = slice(start, start + rows)
        yield part, weighted_sums(weights[part], counts)


def on_threads(work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """Return work(part) of each part in order; parts are worked on at once, one per core.

    NumPy multiplies, divides and sorts without the interpreter's lock.
    """
    # Threads of BLAS, started by each of ours, would wait for one another.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(available_cores()) as pool:
        return list(pool.map(work, parts))


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


def sign_flips(units: int, most: int = FLIPS, seed: int = 0) -> NDArray[np.uint8]:
    """Return the units on which two models exchange their results: 0 or 1, (flips, units).

    The first row exchanges none. The rows are all exchanges, each standing for its opposite too,
    where these are not more than `most`. Else the others are random, the same on every machine.
    """
    rows = min(2 ** (units - 1), most)
    if rows == 2 ** (units - 1):
        return (np.arange(rows)[:, np.newaxis] >> np.arange(units) & 1).astype(np.uint8)
    words = np.random.PCG64(seed).random_raw(-(-rows * units // 64)).astype("<u8")
    flips = np.unpackbits(words.view(np.uint8), count=rows * units).reshape(rows, units)
    flips[0] = 0
    return flips


def p_value(differences: Samples) -> Samples:
    """Return the two-sided p-value (...) of the sign-flip test of differences (flips, ...).

    The rows are those of `sign_flips`: the first is the observed difference. The p-value is the
    share of rows that are at least as far from 0 (Fisher, 1935). If exchanging the models changes
    nothing but the sign, it falls below a level with at most this probability, for any score and
    number of units. A row that is NaN counts as far from 0; NaN if the observed one is.
    """
    nearer = np.abs(differences) < np.abs(differences[0]) - _EQUAL
    return np.where(np.isnan(differences[0]), np.nan, 1 - nearer.mean(axis=0))


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
