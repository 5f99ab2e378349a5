"""From confusion matrices to the tables of a run, as pandas DataFrames.

`tidy` lists every measured number in a row of its own; the other functions arrange them. Scores
are fractions in [0, 1]. The policy is that of the suite: the score of a corruption is the mean
over the severities that count, the suite score the plain mean over the corruptions, a category's
likewise. A mean that lacks one of its conditions is NaN, never a mean over the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corruptions import Suite

from . import metrics

CLEAN = ("clean", 0)
"""The condition of the images as they are: its corruption and severity."""

ALL_SEVERITIES = (1, 2, 3, 4, 5)
"""What mPC and rPC average over, whichever of them count in the suite score."""

Condition = tuple[str, str, int]
"""Model, corruption, severity."""

ALL_CLASSES = "all"
"""The class of scores that are over all classes."""

COLUMNS = ["model", "corruption", "severity", "class", "metric", "value", "n_images"]


def tidy(
    matrices: Mapping[Condition, metrics.Matrix],
    classes: Sequence[str],
    class_set: NDArray[np.bool_],
    n_images: Mapping[Condition, int] | int,
) -> pd.DataFrame:
    """List all scores of the summed matrices, one row for each (condition, class, metric).

    Parameters
    ----------
    matrices
        (model, corruption, severity) -> int64 (C, C), summed over the images; the clean images
        are corruption "clean" at severity 0.
    classes
        The C class names.
    class_set
        bool (C,): the classes with ground truth in the evaluated frames, over which `miou` goes.
    n_images
        How many images each matrix sums, or one number for all.

    Returns
    -------
    DataFrame
        With `COLUMNS`. Class "all" has `miou`, `miou_cityscapes` (as cityscapesscripts averages),
        `pixel_accuracy`, `mean_accuracy`, `frequency_weighted_iou`; each class of the set `iou`.
    """
    rows: list[tuple[object, ...]] = []
    for condition, matrix in matrices.items():
        count = n_images if isinstance(n_images, int) else n_images[condition]
        overall = {
            "miou": metrics.mean_iou(matrix, class_set),
            "miou_cityscapes": metrics.cityscapes_mean_iou(matrix),
            "pixel_accuracy": metrics.pixel_accuracy(matrix),
            "mean_accuracy": metrics.mean_accuracy(matrix, class_set),
            "frequency_weighted_iou": metrics.frequency_weighted_iou(matrix),
        }
        for metric, value in overall.items():
            rows.append((*condition, ALL_CLASSES, metric, float(value), count))
        for name, value, counted in zip(classes, metrics.iou(matrix), class_set, strict=True):
            if counted:
                rows.append((*condition, name, "iou", float(value), count))
    return pd.DataFrame(rows, columns=COLUMNS)


def severity_table(tidy: pd.DataFrame, suite: Suite, metric: str = "miou") -> pd.DataFrame:
    """Return the score at each severity: index (model, category, corruption), columns severities.

    All the severities that the suite runs, counted or not.
    """
    scores = _by_condition(tidy, suite, ["model"], metric)
    rows = {
        (model, column.category, column.corruption): [
            scores.at[model, (column.corruption, severity)] for severity in suite.severities
        ]
        for model in scores.index
        for column in suite.columns
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["model", "category", "corruption"])
    columns = pd.Index(suite.severities, name="severity")
    return pd.DataFrame(list(rows.values()), index=index, columns=columns, dtype=np.float64)


def suite_table(tidy: pd.DataFrame, suite: Suite, metric: str = "miou") -> pd.DataFrame:
    """Return a row a model in the form of Table 5 of SegFormer: clean, each corruption, mean.

    Columns are (category, corruption); category "" holds `clean`, `mean` (the suite score) and
    `retention` (mean / clean).
    """
    scores = _by_condition(tidy, suite, ["model"], metric)
    by_corruption = _by_corruption(scores, suite)
    columns: dict[tuple[str, str], pd.Series] = {("", "clean"): scores[CLEAN]}
    for column in suite.columns:
        columns[column.category, column.corruption] = by_corruption[column.corruption]
    columns["", "mean"] = _mean(by_corruption)
    columns["", "retention"] = _share(columns["", "mean"], scores[CLEAN])
    table = pd.DataFrame(columns)
    table.columns.names = ["category", "corruption"]
    return table


def summary(tidy: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Return the headline numbers, a row a model.

    `clean`, `suite score`, one column a category, `retention` (suite score / clean), `mPC` (the
    mean over all severities 1-5 of all corruptions), `rPC` (mPC / clean), and the
    `pixel_accuracy` of the clean images.
    """
    scores = _by_condition(tidy, suite, ["model"], "miou")
    by_corruption = _by_corruption(scores, suite)
    clean = scores[CLEAN]
    table = pd.DataFrame({"clean": clean, "suite score": _mean(by_corruption)})
    for category in suite.categories:
        table[category] = _mean(by_corruption[_corruptions_of(category, suite)])
    table["retention"] = _share(table["suite score"], clean)
    table["mPC"] = _mean(_pick(scores, suite.corruptions, ALL_SEVERITIES))
    table["rPC"] = _share(table["mPC"], clean)
    table["pixel_accuracy"] = _by_condition(tidy, suite, ["model"], "pixel_accuracy")[CLEAN]
    return table


def class_table(tidy: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Return the IoU of each class of the set: index (model, class).

    Columns: `clean`, one a category, `suite` (the mean over the corruptions), `retention`.
    """
    scores = _by_condition(tidy, suite, ["model", "class"], "iou")
    by_corruption = _by_corruption(scores, suite)
    table = pd.DataFrame({"clean": scores[CLEAN]})
    for category in suite.categories:
        table[category] = _mean(by_corruption[_corruptions_of(category, suite)])
    table["suite"] = _mean(by_corruption)
    table["retention"] = _share(table["suite"], table["clean"])
    return table


def _by_condition(tidy: pd.DataFrame, suite: Suite, index: list[str], metric: str) -> pd.DataFrame:
    """Arrange one metric: rows `index`, in order of appearance, columns (corruption, severity).

    All conditions that any table asks for have a column; NaN where they have not been run.
    """
    measured = tidy[tidy["metric"] == metric]
    wide = measured.pivot(index=index, columns=["corruption", "severity"], values="value")
    rows = measured[index].drop_duplicates()
    conditions = [CLEAN]
    conditions += [(name, severity) for name in suite.corruptions for severity in ALL_SEVERITIES]
    order = pd.MultiIndex.from_frame(rows) if len(index) > 1 else pd.Index(rows[index[0]])
    columns = pd.MultiIndex.from_tuples(conditions, names=["corruption", "severity"])
    return wide.reindex(index=order, columns=columns)


def _by_corruption(scores: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Average each corruption over the severities that count: one column a corruption."""
    return pd.DataFrame(
        {
            column.corruption: _mean(_pick(scores, (column.corruption,), column.counted))
            for column in suite.columns
        },
        index=scores.index,
    )


def _pick(
    scores: pd.DataFrame, corruptions: Sequence[str], severities: Sequence[int]
) -> pd.DataFrame:
    """Return the columns of all pairs of these corruptions and severities."""
    pairs: list[Hashable] = [(name, severity) for name in corruptions for severity in severities]
    return scores[pairs]


def _corruptions_of(category: str, suite: Suite) -> list[str]:
    """Return the names of the corruptions of a category, in order."""
    return [column.corruption for column in suite.columns if column.category == category]


def _mean(scores: pd.DataFrame) -> pd.Series:
    """Return the mean of each row; NaN where one of its numbers is missing."""
    return scores.mean(axis="columns", skipna=False)


def _share(score: pd.Series, clean: pd.Series) -> pd.Series:
    """Return the share of the clean score that is retained; NaN where there was none."""
    return score / clean.where(clean > 0)
