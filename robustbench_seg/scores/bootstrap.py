"""The scores of a model under every condition, with the interval of each, by the bootstrap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .metrics import Scores
from .pixel_counts import Condition, PixelCounts, Score
from .statistics import RESAMPLES, Samples, draw_weights, interval, weighted_sums
from .tables import ALL_CLASSES

MIOU: Score = (ALL_CLASSES, "miou")


@dataclass(frozen=True)
class Estimates:
    """The scores of one condition, (scores,) each."""

    names: tuple[Score, ...]
    value: Scores
    low: Scores
    high: Scores
    over_draws: Scores
    """The standard deviation over the draws of chance; NaN where there is one draw."""


class Bootstrap:
    """The scores of a tally, and how they move where its images, or groups of them, are redrawn.

    Two models with tallies of the same images meet the same resamples, so that their differences
    are paired. With one image, or one group, no interval is defined.
    """

    def __init__(
        self,
        tally: PixelCounts,
        groups: Sequence[str] | None = None,
        *,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ):
        """Draw the resamples; `groups` has that of each image, None: each is one of its own."""
        self.tally = tally
        self._counts = tally.units(groups)
        self._weights = draw_weights(len(self._counts), resamples, seed)

    @property
    def units(self) -> int:
        """How many images or groups are drawn from."""
        return len(self._counts)

    @property
    def estimates(self) -> dict[Condition, Estimates]:
        """The scores of every condition."""
        return self._found[0]

    @property
    def values(self) -> pd.DataFrame:
        """The mIoU of all images, in one row: columns (condition, severity)."""
        found = self.estimates.values()
        miou = [item.value[item.names.index(MIOU)] for item in found]
        return self._frame(np.array([miou]))

    @property
    def samples(self) -> pd.DataFrame:
        """The mIoU of each resample, a row each: columns (condition, severity)."""
        return self._frame(self._found[1])

    @cached_property
    def by_draw(self) -> pd.DataFrame:
        """The mIoU of all images in each draw of chance, a row each; what has none is repeated."""
        columns = self.tally.conditions.values()
        draws = max(map(len, columns))
        sums = self._counts.sum(axis=0)  # (units, draws, ...) -> (draws, ...)
        miou = self.tally.scores(sums)[MIOU]
        return self._frame(
            np.array([[miou[own[draw % len(own)]] for own in columns] for draw in range(draws)])
        )

    def class_values(self, place: int) -> pd.DataFrame:
        """Return the IoU of a class over all images, in one row: columns (condition, severity)."""
        sums = self._counts[..., place].sum(axis=0)  # (units, draws, 3) -> (draws, 3)
        return self._frame(self._over_draws(self.tally.class_iou(sums))[np.newaxis])

    def class_samples(self, place: int) -> pd.DataFrame:
        """Return the IoU of a class in each resample, as in `samples`."""
        sums = weighted_sums(self._weights, self._counts[..., place])  # (resamples, draws, 3)
        return self._frame(self._over_draws(self.tally.class_iou(sums)))

    def ends(self, samples: Samples) -> tuple[Scores, Scores]:
        """Return the low and the high end of the interval of each column of samples."""
        if self.units == 1:
            undefined = np.full(samples.shape[1:], np.nan)
            return undefined, undefined
        return interval(samples)

    @cached_property
    def _found(self) -> tuple[dict[Condition, Estimates], Samples]:
        estimates, miou = {}, []
        for block in self._blocks():
            columns = [column for own in block.values() for column in own]
            counts = self._counts[:, columns]  # (units, draws, 3, C + K)
            scores = self.tally.scores(counts.sum(axis=0))
            values = np.stack(list(scores.values()), axis=-1)  # (draws, scores)
            samples = self._resampled(counts)
            for condition, own in block.items():
                first = columns.index(own[0])
                draws = slice(first, first + len(own))
                mean = samples[:, draws].mean(axis=1)  # (resamples, draws, scores), its mean
                estimates[condition] = Estimates(
                    tuple(scores),
                    values[draws].mean(axis=0),
                    *self.ends(mean),
                    deviation(values[draws].T),
                )
                miou.append(mean[:, list(scores).index(MIOU)])
        return estimates, np.stack(miou, axis=1)

    def _blocks(self) -> Iterator[dict[Condition, list[int]]]:
        """Yield the conditions with their columns, about eight columns at a time.

        They share the weights, which are the larger part of what is read.
        """
        block: dict[Condition, list[int]] = {}
        for condition, columns in self.tally.conditions.items():
            block[condition] = columns
            if sum(map(len, block.values())) >= 8:
                yield block
                block = {}
        if block:
            yield block

    def _resampled(self, counts: NDArray[Any]) -> Samples:
        """Return all scores in each resample: (units, draws, ...) -> (resamples, draws, scores)."""
        # Sums of a few hundred resamples stay in the cache while all scores are made of them.
        rows = max(16, 2**19 // counts[0].size)
        counts = counts.astype(np.float64)
        parts = []
        for start in range(0, len(self._weights), rows):
            sums = weighted_sums(self._weights[start : start + rows], counts)
            parts.append(np.stack(list(self.tally.scores(sums).values()), axis=-1))
        return np.concatenate(parts)

    def _over_draws(self, values: Scores) -> Scores:
        """Return the mean over the draws of each condition: (..., draws) -> (..., conditions)."""
        means = [values[..., own].mean(axis=-1) for own in self.tally.conditions.values()]
        return np.stack(means, axis=-1)

    def _frame(self, values: Scores) -> pd.DataFrame:
        names = ["condition", "severity"]
        columns = pd.MultiIndex.from_tuples(list(self.tally.conditions), names=names)
        return pd.DataFrame(values, columns=columns)


def deviation(by_draw: NDArray[np.float64]) -> Scores:
    """Return the standard deviation over the last axis, of draws; NaN where there is one."""
    if by_draw.shape[-1] < 2:
        return np.full(by_draw.shape[:-1], np.nan)
    return np.asarray(by_draw.std(axis=-1, ddof=1))
