"""The bootstrap of one model: its score under every condition, each with an interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .metrics import Scores
from .pixel_counts import ConditionKey, PixelCounts, ScoreKey
from .statistics import RESAMPLES, Samples, draw_weights, group_sums, interval, weighted_sums
from .tables import ALL_CLASSES

MIOU: ScoreKey = (ALL_CLASSES, "miou")


class Bootstrap:
    """Scores of the pixel counts of one model, and of resamples of its images or groups of them.

    Two models with counts of the same images get the same resamples, so their differences are
    paired. With one image, or one group, the ends of all intervals are NaN.
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
        self.pixel_counts = pixel_counts
        counts = pixel_counts.counts
        # (images, draws, 3, C + K) -> (units, draws, 3, C + K)
        self._counts = counts if groups is None else group_sums(counts, groups)
        self._weights = draw_weights(len(self._counts), resamples, seed)  # (resamples, units)

    @property
    def units(self) -> int:
        """Number of images or groups that are resampled."""
        return len(self._counts)

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
        return value, samples

    def ends(self, samples: Samples) -> tuple[Scores, Scores]:
        """Return the low and the high end of the interval of each column of samples."""
        if self.units == 1:
            undefined = np.full(samples.shape[1:], np.nan)
            return undefined, undefined
        return interval(samples)

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
                low, high = self.ends(mean)
                numbers = {"value": values[draws].mean(axis=0), "low": low, "high": high}
                numbers["sd_over_draws"] = standard_deviation(values[draws].T)
                scores[condition] = pd.DataFrame(numbers, names)
                miou.append(mean[:, list(by_name).index(MIOU)])
        return scores, np.stack(miou, axis=1)

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
