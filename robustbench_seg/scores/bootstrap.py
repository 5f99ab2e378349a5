"""Scores of one model under every condition: with intervals, and exchanged with another model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .image_counts import ConditionKey
from .metrics import METRICS, Scores
from .pixel_counts import PixelCounts, ScoreKey
from .statistics import (
    MIN_UNITS,
    RESAMPLES,
    Samples,
    interval,
    on_threads,
    sums_in_blocks,
    weighted_sums,
)
from .sum_bootstrap import ResampledSums, SumBootstrap
from .tables import ALL_CLASSES

MIOU: ScoreKey = (ALL_CLASSES, "miou")


class Bootstrap(SumBootstrap):
    """All scores of the pixel counts of one model, with resamples; `values` are those of mIoU.

    A class with ground truth in fewer than `MIN_UNITS` units has no interval either.
    """

    def __init__(
        self,
        pixel_counts: PixelCounts,
        groups: Sequence[str] | None = None,
        *,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ):
        """Draw the resamples; `groups` has the group of each image, None: images are resampled."""
        sums = ResampledSums(
            pixel_counts,
            {"miou": pixel_counts.miou},
            groups,
            channels=len(pixel_counts.classes),
            resamples=resamples,
            seed=seed,
        )
        super().__init__(sums, "miou")
        self.pixel_counts = pixel_counts
        self._counts, self._weights = sums.counts, sums.weights
        first = [columns[0] for columns in pixel_counts.conditions.values()]
        self._units_with = (self._counts[:, first, 1] > 0).sum(axis=0)
        """Number of units with ground truth of a class or category: (conditions, C + K)."""

    @cached_property
    def scores(self) -> dict[ConditionKey, pd.DataFrame]:
        """All scores of every condition: index (class, metric), one row each.

        Columns: `value`, the ends `low` and `high` of its interval, and `sd_over_draws`, the
        standard deviation over the random draws, NaN with one draw.
        """
        blocks = on_threads(self._of_block, self._blocks())
        return {condition: found for block in blocks for condition, found in block.items()}

    def value_of(self, key: ScoreKey) -> pd.DataFrame:
        """Return a score over all images, in one row: columns (condition, severity)."""
        sums = self._counts.sum(axis=0)  # (units, draws, ...) -> (draws, ...)
        return self.pixel_counts.mean_over_draws(self.pixel_counts.scores(sums)[key][np.newaxis])

    @cached_property
    def by_draw(self) -> pd.DataFrame:
        """The mIoU of each random draw, one row each; conditions with fewer draws repeat theirs."""
        columns = self.pixel_counts.conditions.values()
        draws = max(map(len, columns))
        sums = self._counts.sum(axis=0)  # (units, draws, ...) -> (draws, ...)
        miou = self.pixel_counts.scores(sums)[MIOU]
        return self.pixel_counts.by_condition(
            np.array([[miou[own[draw % len(own)]] for own in columns] for draw in range(draws)])
        )

    def class_iou(self, place: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the IoU of a class as in `values` and in `samples`."""
        counts = self._counts[..., place]  # (units, draws, 3)
        sums = counts.sum(axis=0, keepdims=True), weighted_sums(self._weights, counts)
        value, samples = (
            self.pixel_counts.mean_over_draws(self.pixel_counts.class_iou(part)) for part in sums
        )  # (1 or resamples, draws, 3) -> (1 or resamples, conditions)
        samples.loc[:, self._units_with[:, place] < MIN_UNITS] = np.nan
        return value, samples

    def _of_block(
        self, block: Mapping[ConditionKey, list[int]]
    ) -> dict[ConditionKey, pd.DataFrame]:
        """Return the scores of some conditions."""
        scores = {}
        columns = [column for own in block.values() for column in own]
        counts = self._counts[:, columns]  # (units, draws, 3, C + K)
        by_name = self.pixel_counts.scores(counts.sum(axis=0))
        names = pd.MultiIndex.from_tuples(list(by_name), names=["class", "metric"])
        values = np.stack(list(by_name.values()), axis=-1)  # (draws, scores)
        samples = self._resampled(counts)
        for condition, own in block.items():
            first = columns.index(own[0])
            draws = slice(first, first + len(own))
            mean = samples[:, draws].mean(axis=1)  # (resamples, draws, scores) -> mean of draws
            mean[:, self._units_of_scores(condition) < MIN_UNITS] = np.nan
            low, high = interval(mean)
            numbers = {"value": values[draws].mean(axis=0), "low": low, "high": high}
            numbers["sd_over_draws"] = standard_deviation(values[draws].T)
            scores[condition] = pd.DataFrame(numbers, names)
        return scores

    def _units_of_scores(self, condition: ConditionKey) -> NDArray[np.intp]:
        """Return the number of units with ground truth for each score of a condition, in order."""
        place = list(self.pixel_counts.conditions).index(condition)
        chosen = np.concatenate([self.pixel_counts.class_set, self.pixel_counts.category_set])
        return np.append([self.units[place]] * len(METRICS), self._units_with[place, chosen])

    def _blocks(self) -> Iterator[dict[ConditionKey, list[int]]]:
        """Yield the conditions with their columns, about eight columns at a time.

        They share the weights, which are the larger part of what is read.
        """
        block: dict[ConditionKey, list[int]] = {}
        for condition, columns in self.pixel_counts.conditions.items():
            block[condition] = columns
            if sum(map(len, block.values())) >= 8:
                yield block
                block = {}
        if block:
            yield block

    def _resampled(self, counts: NDArray[Any]) -> Samples:
        """Return all scores of each resample: (units, draws, ...) -> (resamples, draws, scores)."""
        blocks = sums_in_blocks(self._weights, counts.astype(np.float64))
        return np.concatenate(
            [np.stack(list(self.pixel_counts.scores(sums).values()), axis=-1) for _, sums in blocks]
        )


def standard_deviation(by_draw: NDArray[np.float64]) -> Scores:
    """Return the standard deviation over the last axis, the draws; NaN for a single draw."""
    if by_draw.shape[-1] < 2:
        return np.full(by_draw.shape[:-1], np.nan)
    return np.asarray(by_draw.std(axis=-1, ddof=1))
