"""Scores of one model under every condition: with intervals, and exchanged with another model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .image_counts import ConditionKey, ImageCounts
from .metrics import METRICS, Scores
from .pixel_counts import PixelCounts, ScoreKey
from .statistics import (
    MIN_TEST_UNITS,
    MIN_UNITS,
    RESAMPLES,
    Samples,
    draw_weights,
    group_sums,
    interval,
    sign_flips,
    weighted_sums,
)
from .tables import ALL_CLASSES

MIOU: ScoreKey = (ALL_CLASSES, "miou")


class SumBootstrap:
    """One score of the counts of one model, and of resamples of its images or groups of them.

    Two models with counts of the same images get the same resamples, so their differences are
    paired. The units are images, or groups of them. A condition with fewer than `MIN_UNITS` units
    has no interval: its samples are NaN.
    """

    def __init__(
        self,
        image_counts: ImageCounts,
        score: Callable[[NDArray[Any]], Scores],
        groups: Sequence[str] | None = None,
        *,
        lower_is_better: bool = False,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ):
        """Draw the resamples.

        `score` takes sums of counts (..., *shape) to (...). `groups` has the group of each image;
        None: images are resampled.
        """
        self.image_counts = image_counts
        self.lower_is_better = lower_is_better
        self._score = score
        counts = image_counts.counts
        # (images, draws, *shape) -> (units, draws, *shape)
        self._counts = counts if groups is None else group_sums(counts, groups)
        enough = len(self._counts) >= MIN_UNITS  # else no resample is looked at
        # (resamples, units)
        self._weights = draw_weights(len(self._counts), resamples if enough else 1, seed)
        first = [columns[0] for columns in image_counts.conditions.values()]
        has_counts = self._counts[:, first].reshape(len(self._counts), len(first), -1) > 0
        self.units = has_counts.any(axis=-1).sum(axis=0)
        """Number of units with ground truth under each condition: (conditions,)."""

    @property
    def _scored(self) -> NDArray[np.integer[Any]]:
        """The part of the counts that the score needs: (units, draws, *shape)."""
        return self._counts

    @cached_property
    def values(self) -> pd.DataFrame:
        """The score over all images, in one row: columns (condition, severity)."""
        sums = self._scored.sum(axis=0, keepdims=True)  # (units, draws, *shape) -> (1, ...)
        return self.image_counts.mean_over_draws(self._score(sums))

    @cached_property
    def samples(self) -> pd.DataFrame:
        """The score of each resample, one row each: columns (condition, severity)."""
        draws = len(self.image_counts.draws)
        found = np.empty((len(self._weights), draws))
        for first in range(0, draws, 8):  # draws that share the weights, which are larger
            part = slice(first, first + 8)
            counts = self._scored[:, part].astype(np.float64)
            # Sums of a few hundred resamples stay in the cache while they are scored.
            rows = max(16, 2**19 // counts[0].size)
            for row in range(0, len(found), rows):
                sums = weighted_sums(self._weights[row : row + rows], counts)
                found[row : row + rows, part] = self._score(sums)
        table = self.image_counts.mean_over_draws(found)
        table.loc[:, self.units < MIN_UNITS] = np.nan
        return table

    def exchanged(self, other: Self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the score of both models for each exchange of `sign_flips`, one row each.

        In a row, the models have exchanged their counts on some of the units, which are the same
        for both. The columns (condition, severity) with fewer than `MIN_TEST_UNITS` units are NaN.
        """
        flips = sign_flips(len(self._counts))
        pairs = self._pairs_of_draws(other)
        columns = np.concatenate(pairs, axis=1)  # (models, draws)
        found = np.empty((2, len(flips), columns.shape[1]))  # (models, flips, draws)
        for first in range(0, columns.shape[1], 8):  # draws that share the flips, which are larger
            draws = slice(first, first + 8)
            own = self._scored[:, columns[0, draws]]  # (units, draws, *shape)
            others = other._scored[:, columns[1, draws]]
            change = (others - own).astype(np.float64)
            start, end = own.sum(axis=0), others.sum(axis=0)  # (draws, *shape)
            rows = max(16, 2**19 // change[0].size)
            for row in range(0, len(flips), rows):
                part = slice(row, row + rows)
                sums = start + weighted_sums(flips[part], change)  # (flips, draws, *shape)
                found[0, part, draws] = self._score(sums)
                found[1, part, draws] = self._score(start + end - sums)
        by_condition = np.split(found, np.cumsum([pair.shape[1] for pair in pairs])[:-1], axis=-1)
        means = np.stack([part.mean(axis=-1) for part in by_condition], axis=-1)
        means[..., self.units < MIN_TEST_UNITS] = np.nan  # (models, flips, conditions)
        ours, theirs = map(self.image_counts.by_condition, means)
        return ours, theirs

    def _pairs_of_draws(self, other: SumBootstrap) -> list[NDArray[np.intp]]:
        """Return the columns of both models for each condition, (models, draws).

        Where one has fewer draws, both are repeated equally often up to a common number.
        """
        pairs = []
        conditions = (item.image_counts.conditions.values() for item in (self, other))
        for own in zip(*conditions, strict=True):
            draws = math.lcm(*map(len, own))
            pairs.append(np.array([np.resize(columns, draws) for columns in own], np.intp))
        return pairs


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
        super().__init__(pixel_counts, pixel_counts.miou, groups, resamples=resamples, seed=seed)
        self.pixel_counts = pixel_counts
        first = [columns[0] for columns in pixel_counts.conditions.values()]
        self._units_with = (self._counts[:, first, 1] > 0).sum(axis=0)
        """Number of units with ground truth of a class or category: (conditions, C + K)."""

    @property
    def _scored(self) -> NDArray[np.integer[Any]]:
        return self._counts[..., : len(self.pixel_counts.classes)]  # (units, draws, 3, C)

    @property
    def scores(self) -> dict[ConditionKey, pd.DataFrame]:
        """All scores of every condition: index (class, metric), one row each.

        Columns: `value`, the ends `low` and `high` of its interval, and `sd_over_draws`, the
        standard deviation over the random draws, NaN with one draw.
        """
        return self._scores_and_samples[0]

    @property
    def values(self) -> pd.DataFrame:
        """The mIoU over all images, in one row: columns (condition, severity)."""
        return self.pixel_counts.by_condition(
            np.array([[item["value"][MIOU] for item in self.scores.values()]])
        )

    @property
    def samples(self) -> pd.DataFrame:
        """The mIoU of each resample, one row each: columns (condition, severity)."""
        return self.pixel_counts.by_condition(self._scores_and_samples[1])

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

    @cached_property
    def _scores_and_samples(self) -> tuple[dict[ConditionKey, pd.DataFrame], Samples]:
        scores, miou = {}, []
        for block in self._blocks():
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
                miou.append(mean[:, list(by_name).index(MIOU)])
        return scores, np.stack(miou, axis=1)

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
        # Sums of a few hundred resamples stay in the cache while all scores are computed.
        rows = max(16, 2**19 // counts[0].size)
        counts = counts.astype(np.float64)
        parts = []
        for start in range(0, len(self._weights), rows):
            sums = weighted_sums(self._weights[start : start + rows], counts)
            parts.append(np.stack(list(self.pixel_counts.scores(sums).values()), axis=-1))
        return np.concatenate(parts)


def standard_deviation(by_draw: NDArray[np.float64]) -> Scores:
    """Return the standard deviation over the last axis, the draws; NaN for a single draw."""
    if by_draw.shape[-1] < 2:
        return np.full(by_draw.shape[:-1], np.nan)
    return np.asarray(by_draw.std(axis=-1, ddof=1))
