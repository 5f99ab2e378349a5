"""Scores of sums of counts over images: with resamples, and exchanged with another model."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .image_counts import ImageCounts
from .metrics import Scores
from .statistics import (
    FLIPS,
    MIN_TEST_UNITS,
    MIN_UNITS,
    RESAMPLES,
    Samples,
    draw_weights,
    group_sums,
    on_threads,
    sign_flips,
    sums_in_blocks,
)

_TOGETHER = 8
"""Number of draws that share the weights, or flips, which are larger than their counts."""

Score = Callable[[NDArray[Any]], Scores]
"""From sums of counts (..., *shape) to a score (...)."""
Exchanged = dict[str, tuple[pd.DataFrame, pd.DataFrame]]
"""Scores of both models, one row for each exchange, by name."""


class ResampledSums:
    """Counts of one model, summed over resamples of its images or groups of them.

    Several scores share the sums, which take most of the time.
    """

    def __init__(
        self,
        image_counts: ImageCounts,
        scores: Mapping[str, Score],
        groups: Sequence[str] | None = None,
        *,
        channels: int | None = None,
        resamples: int = RESAMPLES,
        flips: int = FLIPS,
        seed: int = 0,
    ):
        """Draw the resamples.

        `groups` has the group of each image; None: images are resampled. The scores see the first
        `channels` of the last axis alone; None: all. `flips` is the most exchanges of two models.
        """
        self.image_counts = image_counts
        counts = image_counts.counts
        # (images, draws, *shape) -> (units, draws, *shape)
        self.counts = counts if groups is None else group_sums(counts, groups)
        enough = len(self.counts) >= MIN_UNITS  # else no resample is looked at
        # (resamples, units)
        self.weights = draw_weights(len(self.counts), resamples if enough else 1, seed)
        first = [columns[0] for columns in image_counts.conditions.values()]
        has_counts = self.counts[:, first].reshape(len(self.counts), len(first), -1) > 0
        self.units = has_counts.any(axis=-1).sum(axis=0)
        """Number of units with ground truth under each condition: (conditions,)."""
        self._scores = scores
        self._flips = flips
        self._scored = self.counts[..., :channels]
        self._latest: tuple[ResampledSums, Exchanged] | None = None

    def values(self, name: str) -> pd.DataFrame:
        """Return a score over all images, in one row: columns (condition, severity)."""
        sums = self._scored.sum(axis=0, keepdims=True)  # (units, draws, *shape) -> (1, ...)
        return self.image_counts.mean_over_draws(self._scores[name](sums))

    @cached_property
    def samples(self) -> dict[str, pd.DataFrame]:
        """Each score of each resample, one row each: columns (condition, severity)."""
        draws = len(self.image_counts.draws)
        found = {name: np.empty((len(self.weights), draws)) for name in self._scores}

        def score_draws(first: int) -> None:
            part = slice(first, first + _TOGETHER)
            counts = self._scored[:, part].astype(np.float64)
            for rows, sums in sums_in_blocks(self.weights, counts):
                for name, score in self._scores.items():
                    found[name][rows, part] = score(sums)

        on_threads(score_draws, range(0, draws, _TOGETHER))
        tables = {name: self.image_counts.mean_over_draws(own) for name, own in found.items()}
        for table in tables.values():
            table.loc[:, self.units < MIN_UNITS] = np.nan
        return tables

    def exchanged(self, other: ResampledSums) -> Exchanged:
        """Return each score of both models for each exchange of `sign_flips`, one row each.

        In a row, the models have exchanged their counts on some of the units, which are the same
        for both. The columns (condition, severity) with fewer than `MIN_TEST_UNITS` units are NaN.
        """
        if self._latest is None or self._latest[0] is not other:
            self._latest = other, self._exchange(other)
        return self._latest[1]

    def _exchange(self, other: ResampledSums) -> Exchanged:
        flips = sign_flips(len(self.counts), self._flips)
        pairs = self._pairs_of_draws(other)
        columns = np.concatenate(pairs, axis=1)  # (models, draws)
        # (models, flips, draws)
        found = {name: np.empty((2, len(flips), columns.shape[1])) for name in self._scores}

        # With a column of ones, the sums begin with those of no exchange.
        weights = np.insert(flips, 0, 1, axis=1)  # (flips, 1 + units)

        def score_draws(first: int) -> None:
            draws = slice(first, first + _TOGETHER)
            own = self._scored[:, columns[0, draws]]  # (units, draws, *shape)
            others = other._scored[:, columns[1, draws]]
            start, end = (part.sum(axis=0, keepdims=True) for part in (own, others))
            change = np.concatenate([start, others - own]).astype(np.float64)
            both = (start + end).astype(np.float64)  # (1, draws, *shape)
            for rows, sums in sums_in_blocks(weights, change):  # (flips, draws, *shape)
                rest = both - sums
                for name, score in self._scores.items():
                    found[name][0, rows, draws] = score(sums)
                    found[name][1, rows, draws] = score(rest)

        on_threads(score_draws, range(0, columns.shape[1], _TOGETHER))
        cuts = np.cumsum([pair.shape[1] for pair in pairs])[:-1]
        return {name: self._over_draws(own, cuts) for name, own in found.items()}

    def _over_draws(
        self, found: Samples, cuts: NDArray[np.intp]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        means = found
        if found.shape[-1] > len(cuts) + 1:
            parts = np.split(found, cuts, axis=-1)
            means = np.stack([part.mean(axis=-1) for part in parts], axis=-1)
        means[..., self.units < MIN_TEST_UNITS] = np.nan  # (models, flips, conditions)
        ours, theirs = map(self.image_counts.by_condition, means)
        return ours, theirs

    def _pairs_of_draws(self, other: ResampledSums) -> list[NDArray[np.intp]]:
        """Return the columns of both models for each condition, (models, draws).

        Where one has fewer draws, both are repeated equally often up to a common number.
        """
        pairs = []
        conditions = (item.image_counts.conditions.values() for item in (self, other))
        for own in zip(*conditions, strict=True):
            draws = math.lcm(*map(len, own))
            pairs.append(np.array([np.resize(columns, draws) for columns in own], np.intp))
        return pairs


class SumBootstrap:
    """One score of the counts of one model, and of resamples of its images or groups of them.

    Two models with counts of the same images get the same resamples, so their differences are
    paired. The units are images, or groups of them. A condition with fewer than `MIN_UNITS` units
    has no interval: its samples are NaN.
    """

    def __init__(self, sums: ResampledSums, name: str, *, lower_is_better: bool = False):
        """Take the score of a name in the sums."""
        self._sums = sums
        self._name = name
        self.image_counts = sums.image_counts
        self.units = sums.units
        self.lower_is_better = lower_is_better

    @property
    def values(self) -> pd.DataFrame:
        """The score over all images, in one row: columns (condition, severity)."""
        return self._sums.values(self._name)

    @property
    def samples(self) -> pd.DataFrame:
        """The score of each resample, one row each: columns (condition, severity)."""
        return self._sums.samples[self._name]

    def exchanged(self, other: Self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the score of both models for each exchange, see `ResampledSums.exchanged`."""
        return self._sums.exchanged(other._sums)[self._name]


def sum_bootstraps(
    image_counts: ImageCounts,
    scores: Mapping[str, Score],
    groups: Sequence[str] | None = None,
    *,
    errors: Collection[str] = (),
    resamples: int = RESAMPLES,
    flips: int = FLIPS,
) -> dict[str, SumBootstrap]:
    """Return several scores of the same counts with their resamples, by name.

    `groups` has the group of each image; None: images are resampled. Of the scores in `errors`,
    lower values are better. `resamples` is the number of resamples, `flips` the most exchanges of
    two models.
    """
    sums = ResampledSums(image_counts, scores, groups, resamples=resamples, flips=flips)
    return {name: SumBootstrap(sums, name, lower_is_better=name in errors) for name in scores}
