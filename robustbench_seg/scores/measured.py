"""Scores of what is measured beside the confusion matrix, such as boundaries and calibration.

Each has a name, as `metric` in the tables: "boundary_iou", "ece".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .image_counts import DrawKey
from .intervals import DIFFERENCE_COLUMNS, TIDY_COLUMNS, Derive, differences_from_baseline
from .metrics import Matrix
from .policy import SeverityPolicy
from .statistics import interval
from .sum_bootstrap import SumBootstrap
from .tables import ALL_CLASSES

_RATIOS = ("retention", "rPC")
MEASURE_COLUMNS = ["model", "metric", "score", "value", "low", "high", "n_images", "unit"]
IN_NATS = frozenset({"nll", "top_label_nll"})
"""Measures whose unit is the nat; all others are fractions."""


class Measured(ABC):
    """The counts of one counter for one model, of all images."""

    @abstractmethod
    def add(
        self,
        images: Sequence[int],
        draws: Sequence[DrawKey],
        matrices: Matrix,
        counts: NDArray[np.int64],
    ) -> None:
        """Keep counts (N, *shape) and the confusion matrices beside them, each of an image."""

    @abstractmethod
    def in_order(self, images: NDArray[np.intp]) -> Self:
        """Return the counts of a selection of the images, in the order of their indices."""

    @abstractmethod
    def only(self, seen: NDArray[np.bool_]) -> Self:
        """Return the counts of a part of what was seen, (images, draws)."""

    @abstractmethod
    def scores(self, groups: Sequence[str] | None = None) -> Mapping[str, SumBootstrap]:
        """Return the scores by name; `groups` as in `SumBootstrap`."""


def tidy_measures(models: Mapping[str, Mapping[str, SumBootstrap]], dataset: str) -> pd.DataFrame:
    """List the scores of every condition, one in a row, in the form of `intervals.tidy`."""
    rows: list[tuple[object, ...]] = []
    for model, scores in models.items():
        for name, score in scores.items():
            low, high = interval(score.samples.to_numpy())
            numbers = (score.values.to_numpy()[0], low, high)
            for condition, *ends in zip(score.image_counts.conditions, *numbers, strict=True):
                images = score.image_counts.image_count(condition)
                rows.append((model, dataset, *condition, ALL_CLASSES, name, *ends, images))
    return pd.DataFrame(rows, columns=TIDY_COLUMNS)


def described(tidy: pd.DataFrame, policy: SeverityPolicy | None) -> pd.DataFrame:
    """Return a tidy table with the columns `category`, `counted` and `unit` after its own.

    `category` is that of the corruption, "" for clean. `counted` says whether the severity counts
    in the suite score. A suite without severities has neither.
    """
    table = tidy.copy()
    if policy:
        categories = {each.corruption: each.category for each in policy.columns}
        keys = {(each.corruption, level) for each in policy.columns for level in each.counted}
        conditions = zip(tidy["condition"], tidy["severity"], strict=True)
        table["category"] = tidy["condition"].map(categories).fillna("")
        table["counted"] = [key in keys for key in conditions]
    table["unit"] = tidy["metric"].map(unit)
    return table


def unit(metric: str) -> str:
    """Return the unit of a metric: "fraction" or "nats"."""
    return "nats" if metric in IN_NATS else "fraction"


def measure_table(models: Mapping[str, Mapping[str, SumBootstrap]], derive: Derive) -> pd.DataFrame:
    """List the scores that `derive` computes, with 95 % intervals: columns `MEASURE_COLUMNS`.

    They are those of mIoU: `clean`, `suite score` and so on, of each metric.
    """
    rows: list[tuple[object, ...]] = []
    for model, scores in models.items():
        for name, score in scores.items():
            value, samples = map(_meaningful(derive, score), (score.values, score.samples))
            ends = interval(samples.to_numpy())
            numbers = zip(value.columns, value.to_numpy()[0], *ends, strict=True)
            about = len(score.image_counts.seen), unit(name)
            rows += [(model, name, *row, *about) for row in numbers]
    return pd.DataFrame(rows, columns=MEASURE_COLUMNS)


def measure_differences(
    models: Mapping[str, Mapping[str, SumBootstrap]],
    baseline: str,
    derive: Derive,
    family: Collection[str],
) -> pd.DataFrame:
    """Compare each model with the baseline: index (metric, model, score).

    Columns and correction are those of `intervals.differences_from_baseline`, for each metric that
    the model and the baseline have.
    """
    found = {}
    for metric, first in models[baseline].items():
        having = {model: scores[metric] for model, scores in models.items() if metric in scores}
        own = _meaningful(derive, first)
        found[metric] = differences_from_baseline(having, baseline, own, family)
    names = ["metric", "model", "score"]
    if not found:
        empty = pd.MultiIndex.from_arrays([[], [], []], names=names)
        return pd.DataFrame(index=empty, columns=DIFFERENCE_COLUMNS, dtype=float)
    return pd.concat(found, names=names[:1])


def _meaningful(derive: Derive, score: SumBootstrap) -> Derive:
    """Return `derive` without the ratios to the clean score where a lower score is better."""
    if not score.lower_is_better:
        return derive
    return lambda rows: derive(rows).drop(columns=list(_RATIOS), errors="ignore")
