"""Scores with their 95 % intervals: of conditions, derived from several, and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .bootstrap import MIOU, standard_deviation
from .image_counts import ConditionKey, ImageCounts
from .pixel_counts import PixelCounts, ScoreKey
from .statistics import holm, interval, p_value
from .tables import ALL_CLASSES, CLEAN_KEY

Derive = Callable[[pd.DataFrame], pd.DataFrame]
"""From rows of scores, columns (condition, severity), to rows of derived scores."""

TIDY_COLUMNS = [
    *("model", "dataset", "condition", "severity", "class", "metric"),
    *("value", "low", "high", "n_images"),
]
INTERVAL_COLUMNS = [
    *("model", "class", "score", "value", "low", "high", "sd_over_draws", "n_images")
]
DIFFERENCE_COLUMNS = ["first", "second", "difference", "low", "high", "p", "p_holm", "n_units"]

_CLASSES_TOGETHER = 8
"""Number of classes whose resamples are in memory at once."""


class ResampledScore(Protocol):
    """A score of a model with resamples of it: a `SumBootstrap`, or `Estimates` from a sample."""

    @property
    def image_counts(self) -> ImageCounts:
        """Counts that the score comes from."""
        ...

    @property
    def values(self) -> pd.DataFrame:
        """The score over all images, in one row: columns (condition, severity)."""
        ...

    @property
    def samples(self) -> pd.DataFrame:
        """The score of each resample, one row each: columns (condition, severity)."""
        ...

    @property
    def units(self) -> NDArray[np.intp]:
        """Number of images, or groups of them, with ground truth by condition: (conditions,)."""
        ...

    def exchanged(self, other: Self, /) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the score of both models for exchanges of their units, one row each."""
        ...


class Resampled(ResampledScore, Protocol):
    """All scores of a model with resamples: a `Bootstrap`, or `Estimates`. Its score is mIoU."""

    @property
    def pixel_counts(self) -> PixelCounts:
        """Counts that the scores come from."""
        ...

    @property
    def scores(self) -> dict[ConditionKey, pd.DataFrame]:
        """All scores of every condition, as of `Bootstrap.scores`."""
        ...

    @property
    def by_draw(self) -> pd.DataFrame:
        """The mIoU of each random draw, one row each: columns (condition, severity)."""
        ...

    def value_of(self, key: ScoreKey, /) -> pd.DataFrame:
        """Return a score over all images, in one row: columns (condition, severity)."""
        ...

    def class_iou(self, place: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the IoU of a class as in `values` and in `samples`."""
        ...


def tidy(models: Mapping[str, Resampled], dataset: str) -> pd.DataFrame:
    """List all scores, one row per (model, condition, class, metric), in the order of the run.

    Columns are `TIDY_COLUMNS`. Class "all" has the metrics of `metrics.METRICS`, and where a
    condition was drawn more than once `miou_sd_over_draws`. Each class of the set has `iou`; each
    category with ground truth has `category_iou`, with its name in place of the class.
    """
    rows: list[tuple[object, ...]] = []
    for model, bootstrap in models.items():
        for condition, scores in bootstrap.scores.items():
            place = (model, dataset, *condition)
            images = bootstrap.pixel_counts.image_count(condition)
            rows += [
                (*place, *name, *ends, images)
                for name, (*ends, _) in zip(scores.index, scores.to_numpy().tolist(), strict=True)
            ]
            sd = scores["sd_over_draws"][MIOU]
            if not np.isnan(sd):
                rows.append((*place, ALL_CLASSES, "miou_sd_over_draws", sd, np.nan, np.nan, images))
    return pd.DataFrame(rows, columns=TIDY_COLUMNS)


def intervals(
    models: Mapping[str, Resampled], derive: Derive, derive_by_class: Derive | None = None
) -> pd.DataFrame:
    """List derived scores with the ends of their 95 % intervals: columns `INTERVAL_COLUMNS`.

    `derive` computes them from the mIoU of all conditions (class "all"), `derive_by_class` from the
    IoU of each class of the set. `sd_over_draws` is the standard deviation over random draws, NaN
    with one draw and for classes.
    """
    rows: list[tuple[object, ...]] = []
    for model, bootstrap in models.items():
        parts = [bootstrap.values, bootstrap.samples, bootstrap.by_draw]
        derived = _rows(bootstrap, *together(derive, parts))
        if CLEAN_KEY in bootstrap.scores:
            scores = bootstrap.scores[CLEAN_KEY]
            accuracy = scores.loc[[(ALL_CLASSES, "pixel_accuracy")]].to_numpy()[0]
            images = bootstrap.pixel_counts.image_count(CLEAN_KEY)
            derived.append(("pixel_accuracy", *accuracy, images))
        rows += [(model, ALL_CLASSES, *row) for row in derived]
        if derive_by_class is None:
            continue
        for places in class_blocks(bootstrap.pixel_counts):
            parts = [part for place in places for part in bootstrap.class_iou(place)]
            found = together(derive_by_class, parts)
            for place, value, samples in zip(places, found[::2], found[1::2], strict=True):
                name = bootstrap.pixel_counts.classes[place]
                rows += [(model, name, *row) for row in _rows(bootstrap, value, samples, value)]
    return pd.DataFrame(rows, columns=INTERVAL_COLUMNS)


def _rows(
    bootstrap: Resampled, value: pd.DataFrame, samples: pd.DataFrame, draws: pd.DataFrame
) -> list[tuple[object, ...]]:
    """Return the columns from `score` on for each column of derived scores."""
    ends = interval(samples.to_numpy())
    numbers = (value.to_numpy()[0], *ends, standard_deviation(draws.to_numpy().T))
    images = len(bootstrap.pixel_counts.seen)
    return [(*row, images) for row in zip(value.columns, *numbers, strict=True)]


def class_blocks(pixel_counts: PixelCounts) -> Iterator[list[int]]:
    """Yield the places of the classes of the set, a few at a time."""
    places: list[int] = np.flatnonzero(pixel_counts.class_set).tolist()
    for start in range(0, len(places), _CLASSES_TOGETHER):
        yield places[start : start + _CLASSES_TOGETHER]


def together(derive: Derive, parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Derive scores from the rows of all parts in one call, because each takes milliseconds."""
    cuts = np.cumsum([0, *map(len, parts)])
    rows = derive(pd.DataFrame(np.concatenate(parts), columns=parts[0].columns))
    return [rows.iloc[start:stop] for start, stop in pairwise(cuts)]


def paired_intervals(first: ResampledScore, second: ResampledScore, derive: Derive) -> pd.DataFrame:
    """Compare the scores that `derive` computes, second minus first: index score, one row each.

    Both must have the same resamples: of the same images, or of the same sample of them. Columns:
    `first`, `second`, `difference`, `low` and `high` of its 95 % interval.
    """
    values = [derive(item.values).iloc[0].astype(float) for item in (first, second)]
    ends = interval(derive(second.samples).to_numpy() - derive(first.samples).to_numpy())
    numbers = (*values, values[1] - values[0], *ends)
    table = pd.DataFrame(dict(zip(DIFFERENCE_COLUMNS, numbers, strict=False)))
    return table.rename_axis(index="score")


def paired_differences(
    first: ResampledScore, second: ResampledScore, derive: Derive, family: Collection[str]
) -> pd.DataFrame:
    """Compare the scores that `derive` computes, second minus first: index score, one row each.

    Both must have the same units in the same order, and the same resamples. Columns: `first`,
    `second`, `difference`, `low` and `high` of its 95 % interval, `p` of the sign-flip test of no
    difference, `p_holm`, corrected for the number of scores of the `family` (NaN for the others),
    and `n_units`, the number of units of the condition that has fewest. With fewer than
    `MIN_UNITS` units the interval is NaN, with fewer than `MIN_TEST_UNITS` the p-values are, and so
    they are for samples.
    """
    table = paired_intervals(first, second, derive)
    ours, theirs = map(derive, first.exchanged(second))
    table["p"] = p_value(theirs.to_numpy() - ours.to_numpy())
    table["p_holm"] = float("nan")
    table["n_units"] = _units(first, derive)
    tested = table.index.isin(list(family))
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].to_numpy())
    return table


def _units(bootstrap: ResampledScore, derive: Derive) -> pd.Series[int]:
    """Return the fewest units of any condition that each derived score needs."""
    number = len(bootstrap.units)
    left_out = np.where(np.eye(number, dtype=bool), np.nan, 0.5)
    # A score is NaN where a condition that it needs is.
    needed = derive(bootstrap.image_counts.by_condition(left_out)).isna()
    return needed.where(needed).mul(bootstrap.units, axis="index").min().astype(int)


def differences_from_baseline(
    models: Mapping[str, ResampledScore], baseline: str, derive: Derive, family: Collection[str]
) -> pd.DataFrame:
    """Compare each model with the baseline: index (model, score), columns of `paired_differences`.

    `p_holm` corrects for the scores of the `family`, not for the number of models: p-values of a
    few thousand resamples are too coarse for that.
    """
    names = ["model", "score"]
    others = {
        model: paired_differences(models[baseline], bootstrap, derive, family)
        for model, bootstrap in models.items()
        if model != baseline
    }
    if not others:
        empty = pd.MultiIndex.from_arrays([[], []], names=names)
        return pd.DataFrame(index=empty, columns=DIFFERENCE_COLUMNS, dtype=float)
    return pd.concat(others, names=names)
