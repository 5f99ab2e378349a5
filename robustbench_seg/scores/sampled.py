"""Scores of one model from a sample of its images under each condition, with two intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .bootstrap import MIOU, standard_deviation
from .estimation import SampleSums, Sums, estimated_counts, expected_hits
from .image_counts import ConditionKey
from .metrics import METRICS
from .pixel_counts import PixelCounts, ScoreKey
from .statistics import (
    LEVEL,
    MIN_UNITS,
    RESAMPLES,
    draw_weights,
    group_sums,
    interval,
    weighted_sums,
)
from .tables import CLEAN_KEY

_TOGETHER = 2**21
"""Most counts of resamples that are scored at once: 16 MiB."""


class Sampled:
    """Estimates of the scores of a complete run, from a sample of it.

    `pixel_counts` has the images of which the clean prediction is known; `seen` marks those of the
    sample under each other draw. There are two kinds of intervals, each with the attributes of a
    `Bootstrap`, so that `intervals.tidy` and `intervals.intervals` make its tables:

    - `over_sample`: how far the complete run on these images may be. No width once all are seen.
    - `over_images`: how far the complete run on other images of this kind may be. It includes the
      first.

    Both have the same values. Two models with the same sample have the same resamples, so that
    `intervals.paired_intervals` and `stopping.decision` compare them pair by pair.
    """

    def __init__(
        self,
        pixel_counts: PixelCounts,
        groups: Sequence[str] | None = None,
        *,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ):
        """Read the sample; `groups` has the group of each image, None: images are resampled."""
        assert next(iter(pixel_counts.conditions)) == CLEAN_KEY
        self.pixel_counts = pixel_counts
        self._groups = groups
        self._resamples = resamples
        self._seed = seed
        names = [name for name, *_ in pixel_counts.draws]
        self._corruptions = np.unique(names, return_inverse=True)[1]
        self._truth = pixel_counts.counts[:, 0, 1]  # (images, C + K)
        self._expected = expected_hits(pixel_counts.counts, pixel_counts.seen)  # (images, C + K)
        share = self._expected / np.maximum(self._expected.sum(axis=0), 1)
        self._showing = 1 / np.maximum((share**2).sum(axis=0), 1 / len(share))  # (C + K,)

    @cached_property
    def over_sample(self) -> Estimates:
        """Estimates with the intervals of the sample.

        The variance is that of a delete-one jackknife (Tukey, 1958; for samples of a finite
        population: Wolter, "Introduction to Variance Estimation", 2007, ch. 4). A class that only
        one seen image shows is predicted without it once, which shows the error of such
        predictions. The expected variance is not too small (Efron & Stein, "The jackknife estimate
        of variance", Annals of Statistics, 1981). That of a bootstrap is, where classes are rare.

        Each replicate leaves out one random image under every draw, so that it has the covariances
        of the conditions too. Draws that were seen on the same images leave out the same one. The
        distribution of replicates is not that of the error. An orthonormal transform of them keeps
        all variances and covariances, and gives resamples that are about normal.
        """
        from scipy.fft import dct  # slow to import, as in `_widening`; most runs are no samples

        replicates = self._resampled_scores(self._resampled_cells())
        seen = self.pixel_counts.seen.sum(axis=0)[:, np.newaxis]  # (draws, 1)
        images = len(self._truth)
        scale = np.sqrt((1 - seen / images) * np.maximum(seen - 1, 0))  # 0 where all are seen
        deviations = scale * (replicates - replicates.mean(axis=0))  # (resamples, draws, scores)
        samples = self.value + dct(deviations, axis=0, norm="ortho")
        samples[:, (seen[:, 0] < 2) & (seen[:, 0] < images)] = np.nan
        return Estimates(self, samples)

    @cached_property
    def over_images(self) -> Estimates:
        """Estimates with intervals over images, or groups of them, as of `Bootstrap`.

        An image is resampled with what was seen of it.
        """
        units = len(self._truth) if self._groups is None else len(set(self._groups))
        weights = draw_weights(units, self._resamples if units >= MIN_UNITS else 1, self._seed)
        samples = self._resampled_scores(self._resampled_images(weights, self._groups))
        samples[..., self._units_of_scores < MIN_UNITS] = np.nan
        return Estimates(self, samples)

    @cached_property
    def names(self) -> list[ScoreKey]:
        """Class and metric of each score of a condition, in the order of the tidy table."""
        return list(self.pixel_counts.scores(self.totals))

    @property
    def totals(self) -> Sums:
        """Estimated counts over all images, (draws, 3, C + K): correct, truth, predicted."""
        return estimated_counts(self._sums, self._corruptions)

    @cached_property
    def value(self) -> Sums:
        """Estimated scores, (draws, scores), in the order of `names`."""
        return self._scores(self._sums)

    @cached_property
    def _sums(self) -> SampleSums:
        everything = self._resampled_images(np.ones((1, len(self._truth)), np.uint8), None)
        return SampleSums(*(part if part.ndim == 2 else part[0] for part in everything))

    @property
    def _units_of_scores(self) -> NDArray[np.intp]:
        """Return the number of images or groups with ground truth of each score, (scores,)."""
        truth = self._truth if self._groups is None else group_sums(self._truth, self._groups)
        counts = self.pixel_counts
        shown = (truth > 0).sum(axis=0)[np.concatenate([counts.class_set, counts.category_set])]
        return np.append([len(truth)] * len(METRICS), shown)

    def _scores(self, sums: SampleSums) -> Sums:
        """Return the scores (..., draws, scores) of sums over images."""
        by_name = self.pixel_counts.scores(estimated_counts(sums, self._corruptions))
        return np.stack(list(by_name.values()), axis=-1)

    def _resampled_scores(self, sums: SampleSums) -> Sums:
        """Return the scores of sums with resamples, some of them at a time."""
        rows = max(1, _TOGETHER // sums.correct[0].size)
        return np.concatenate([self._scores(part) for part in _split(sums, rows)])

    def _resampled_cells(self) -> SampleSums:
        """Return the sums of each resample of the cells, (resamples, draws, C + K)."""
        counts, seen = self.pixel_counts.counts, self.pixel_counts.seen
        shape = (self._resamples, len(self.pixel_counts.draws), self._truth.shape[-1])
        correct, predicted, expected = (np.empty(shape) for _ in range(3))
        number = np.empty((*shape[:2], 1))
        masks, first, of_draw = np.unique(seen, axis=1, return_index=True, return_inverse=True)
        for place, mask in enumerate(masks.T):
            draws = np.flatnonzero(of_draw.ravel() == place)
            weights = self._cell_weights(mask, int(first[place]))  # (resamples, seen)
            own = counts[mask][:, draws]  # (seen, draws, 3, C + K)
            correct[:, draws] = weighted_sums(weights, own[:, :, 0])
            predicted[:, draws] = weighted_sums(weights, own[:, :, 2])
            expected[:, draws] = weighted_sums(weights, self._expected[mask])[:, np.newaxis]
            number[:, draws, 0] = weights.sum(axis=1, keepdims=True)
        plain = self._sums
        return plain._replace(correct=correct, predicted=predicted, expected=expected, seen=number)

    def _cell_weights(self, mask: NDArray[np.bool_], seed: int) -> Sums:
        """Return the weight of each image that was seen, (resamples, seen): one has 0."""
        number = int(np.count_nonzero(mask))
        if number < 2 or mask.all():
            return np.ones((self._resamples, number))
        drawn = draw_weights(number, self._resamples, self._seed + 1 + seed, drawn=1)
        return np.subtract(1, drawn, dtype=np.float64)

    def _resampled_images(self, weights: NDArray[Any], groups: Sequence[str] | None) -> SampleSums:
        """Return the sums of each resample of images or groups, (resamples, draws, C + K)."""

        def sums(values: NDArray[Any]) -> Sums:
            by_unit = values if groups is None else group_sums(values, groups)
            return weighted_sums(weights, by_unit)

        counts, seen = self.pixel_counts.counts, self.pixel_counts.seen
        expected = self._expected[:, np.newaxis] * seen[..., np.newaxis]  # (images, draws, C + K)
        return SampleSums(
            correct=sums(counts[:, :, 0]),
            predicted=sums(counts[:, :, 2]),
            expected=sums(expected),
            seen=sums(seen[..., np.newaxis]),
            all_expected=sums(self._expected[:, np.newaxis]),
            truth=sums(self._truth[:, np.newaxis]),
            images=sums(np.ones((len(seen), 1, 1), np.int64)),
            showing=self._showing[np.newaxis],
        )


@dataclass(frozen=True)
class Estimates:
    """Estimated scores with intervals of one kind; its attributes are those of a `Bootstrap`."""

    sampled: Sampled
    resampled: Sums
    """(resamples, draws, scores), in the order of `Sampled.names`."""

    @property
    def pixel_counts(self) -> PixelCounts:
        """Counts of the sample."""
        return self.sampled.pixel_counts

    @property
    def image_counts(self) -> PixelCounts:
        """Counts of the sample, by the name that a `Bootstrap` has for them."""
        return self.sampled.pixel_counts

    @cached_property
    def scores(self) -> dict[ConditionKey, pd.DataFrame]:
        """All scores of every condition, as of `Bootstrap.scores`."""
        index = pd.MultiIndex.from_tuples(self.sampled.names, names=["class", "metric"])
        scores = {}
        for condition, own in self.pixel_counts.conditions.items():
            value = self.sampled.value[own]  # (draws, scores)
            mean = value.mean(axis=0)
            ends = interval(self.resampled[:, own].mean(axis=1))
            low, high = (np.clip(mean + self._widening(own) * (end - mean), 0, 1) for end in ends)
            numbers = {"value": mean, "low": low, "high": high}
            numbers["sd_over_draws"] = standard_deviation(value.T)
            scores[condition] = pd.DataFrame(numbers, index)
        return scores

    def value_of(self, key: ScoreKey) -> pd.DataFrame:
        """Return a score over all images, in one row: columns (condition, severity)."""
        return self._score(key)[0]

    @property
    def values(self) -> pd.DataFrame:
        """The mIoU over all images, in one row: columns (condition, severity)."""
        return self.value_of(MIOU)

    @property
    def samples(self) -> pd.DataFrame:
        """The mIoU of each resample, one row each: columns (condition, severity)."""
        return self._score(MIOU)[1]

    @property
    def by_draw(self) -> pd.DataFrame:
        """The mIoU of each random draw, one row each; conditions with fewer draws repeat theirs."""
        columns = self.pixel_counts.conditions.values()
        miou = self.sampled.value[:, self.sampled.names.index(MIOU)]
        draws = max(map(len, columns))
        rows = [[miou[own[draw % len(own)]] for own in columns] for draw in range(draws)]
        return self.pixel_counts.by_condition(np.array(rows))

    @property
    def units(self) -> NDArray[np.intp]:
        """Number of images seen under each condition: (conditions,)."""
        conditions = self.pixel_counts.conditions
        return np.array([self.pixel_counts.image_count(key) for key in conditions], np.intp)

    def exchanged(self, other: Estimates) -> tuple[pd.DataFrame, pd.DataFrame]:  # noqa: ARG002
        """Return no exchanges: a test of no difference needs all images, so p-values are NaN."""
        nothing = self.values * np.nan
        return nothing, nothing

    def class_iou(self, place: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the IoU of a class as in `values` and in `samples`."""
        return self._score((self.pixel_counts.classes[place], "iou"))

    def _widening(self, draws: list[int]) -> float:
        """Return Student's t over the normal quantile for the images seen under a condition.

        Few images say little of their own spread. Scores over many conditions do not need it.
        """
        seen = self.pixel_counts.seen[:, draws]
        if seen.all():
            return 1.0
        from scipy.special import ndtri, stdtrit

        freedom = int(seen.sum()) - len(draws)
        share = (1 + LEVEL) / 2
        return float(stdtrit(max(freedom, 1), share) / ndtri(share))

    def _score(self, name: ScoreKey) -> tuple[pd.DataFrame, pd.DataFrame]:
        place = self.sampled.names.index(name)
        return (
            self.pixel_counts.mean_over_draws(self.sampled.value[np.newaxis, :, place]),
            self.pixel_counts.mean_over_draws(self.resampled[:, :, place]),
        )


def _split(sums: SampleSums, rows: int) -> Iterator[SampleSums]:
    """Yield a number of resamples at a time; sums without resamples belong to all of them."""
    for start in range(0, len(sums.correct), rows):
        yield SampleSums(*(part if part.ndim == 2 else part[start : start + rows] for part in sums))
