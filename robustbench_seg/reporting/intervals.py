"""The uncertainty of a run's scores: the intervals of each table, and what they cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import compress
from typing import Any, NamedTuple

import pandas as pd

from ..runs.run import StoredRun
from ..scores.breakdowns import category_curves, with_interval
from ..scores.intervals import ResampledScore
from ..scores.policy import SeverityPolicy
from ..scores.statistics import MIN_UNITS, RELIABLE_UNITS, RESAMPLES
from ..scores.tables import ALL_CLASSES
from .words import SHOWN_CLASSES, count, few


class IntervalTable(NamedTuple):
    """Scores with the ends of their 95 % intervals: three frames of one form; NaN: unknown."""

    value: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame

    def apply(self, arrange: Callable[[pd.DataFrame], pd.DataFrame]) -> IntervalTable:
        """Return the table with all three frames rearranged in the same way."""
        return IntervalTable(*map(arrange, self))

    def rows(self, keys: Any) -> IntervalTable:
        """Return the table with only the rows of these keys of the index, in their order."""
        return self.apply(lambda frame: frame.loc[keys])


def estimated(rows: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]) -> IntervalTable:
    """Return a row of derived scores for each model, with the ends of the intervals.

    Each model has the scores over all images, one row, and those over resamples, a row each.
    """
    found = {model: with_interval(value, samples) for model, (value, samples) in rows.items()}
    return IntervalTable(
        *(
            pd.DataFrame({model: part[end] for model, part in found.items()}).T
            for end in IntervalTable._fields
        )
    )


def curves_by_category(
    models: Mapping[str, ResampledScore], policy: SeverityPolicy
) -> IntervalTable:
    """Return mIoU at each severity, the mean over a category: index (model, category)."""
    found = estimated(
        {
            model: (category_curves(own.values, policy), category_curves(own.samples, policy))
            for model, own in models.items()
        }
    )
    return found.apply(lambda table: pd.DataFrame(table.stack(0)))


def with_names(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of a run with other names of models, in its index or a column "model"."""
    if "model" in table.index.names:
        return table.rename(index=dict(names), level="model")
    if table.columns.nlevels == 1 and "model" in table.columns:
        return table.assign(model=table["model"].map(names))
    return table


def aligned(
    name: str, table: pd.DataFrame, intervals: pd.DataFrame, tidy: pd.DataFrame, column: str
) -> pd.DataFrame:
    """Return a column of `intervals` in the form of a run's table.

    `name` is "summary", "suite", "severities" or "classes"; `intervals` and `tidy` are the run's
    tables of these names.
    """
    overall = intervals["class"] == ALL_CLASSES
    if name == "severities":
        miou = tidy[tidy["metric"] == "miou"]
        wide = miou.set_index(["model", "condition", "severity"])[column].unstack("severity")
        return wide.reindex(
            index=table.droplevel("category").index, columns=table.columns
        ).set_axis(table.index)
    if name == "classes":
        by_class = intervals[~overall].set_index(["model", "class", "score"])
        return by_class[column].unstack("score").reindex(index=table.index, columns=table.columns)
    wide = intervals[overall].set_index(["model", "score"])[column].unstack("score")
    if name == "suite":
        names = [str(pair[1]) for pair in table.columns.to_list()]
        scores = ["suite score" if score == "mean" else score for score in names]
        wide = wide.reindex(columns=scores).set_axis(table.columns, axis="columns")
    return wide.reindex(index=table.index, columns=table.columns)


def covers(run: StoredRun) -> str:
    """Return what the intervals cover: "over 500 images of 3 groups, fixed draw"."""
    images, groups = count(len(run.frames), "image"), count(len(set(run.groups)), "group")
    over = f"{groups} of {images}" if run.grouped else images
    if not run.grouped and all(run.groups):
        over = f"{images} of {groups}"
    if not run.spec.random:
        return f"over {over}"
    draws = run.spec.draws
    return f"over {over}, {f'mean of {draws} draws' if draws > 1 else 'fixed draw'}"


def interval_notes(run: StoredRun) -> Iterator[str]:
    """Yield what a reader must know of the intervals, a sentence each."""
    spec, groups = run.spec, len(set(run.groups))
    units, drawn = len(set(_units(run))), "groups" if run.grouped else "images"
    if units < MIN_UNITS:
        yield (
            f"No intervals: 95 % intervals need at least {MIN_UNITS} {drawn}, and there "
            f"{'is' if units == 1 else 'are'} {units}. How far the scores would move with other "
            "images is unknown."
        )
    else:
        yield (
            f"Intervals are 95 % bootstrap intervals {covers(run)}, from {RESAMPLES} resamples of "
            f"the {drawn}. They cover the choice of images of this kind, not a repeated training."
        )
    if MIN_UNITS <= units < RELIABLE_UNITS:
        yield (
            f"Only {units} {drawn}: intervals over fewer than {RELIABLE_UNITS} are too narrow. In "
            "simulations they contain the true value in 90 % of cases with 20, and in 87 % with 10."
        )
    if run.grouped:
        yield "Images are resampled by group (city or sequence): those of a group are similar."
    elif all(run.groups) and groups < len(run.frames):
        of = f"{groups} groups (cities or sequences)" if groups > 1 else "one city or sequence"
        yield (
            f"The frames are from {of}, too few to resample by group. Frames of a group are "
            "similar, so the scores are less certain than intervals and p-values say."
        )
    if units >= MIN_UNITS and (rare := _rare(run)):
        yield f"No intervals, with fewer than {MIN_UNITS} {drawn}: {few(rare, SHOWN_CLASSES)}."
    if spec.random and spec.draws > 1:
        yield (
            f"Random corruptions were drawn {spec.draws} times, with the seeds {spec.seed} to "
            f"{spec.seed + spec.draws - 1}; scores are means over the draws."
        )


def _units(run: StoredRun) -> tuple[str, ...]:
    """Return the image or the group that each finished frame is resampled with."""
    return run.groups if run.grouped else run.frames


def _rare(run: StoredRun) -> list[str]:
    """Return the classes and conditions with few units, each with their number: "train (3)"."""
    finished = set(run.frames)
    frames = [item for item in run.spec.frames if item.name in finished]
    there = {
        name: [item.class_pixels[place] > 0 for item in frames]
        for place, name in enumerate(run.spec.class_names)
    }
    if run.spec.taken:
        there |= {
            condition.name: [item.condition == condition.name for item in frames]
            for condition in run.spec.conditions
        }
    numbers = {name: len(set(compress(_units(run), chosen))) for name, chosen in there.items()}
    return [f"{name} ({number})" for name, number in numbers.items() if 0 < number < MIN_UNITS]
