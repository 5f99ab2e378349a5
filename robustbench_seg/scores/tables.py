"""From the tidy table to the tables of a run, as pandas DataFrames.

`tidy.tidy` lists every measured number in a row of its own; the functions here arrange them. Scores
are fractions in [0, 1]. The policy is that of the suite: the score of a corruption is the mean
over the severities that count, the suite score the plain mean over the corruptions, a category's
likewise. A mean that lacks one of its conditions is NaN, never a mean over the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from .policy import SeverityPolicy

CLEAN = ("clean", 0)
"""The condition of the images as they are: its name and severity."""

ALL_CLASSES = "all"
"""The class of scores that are over all classes."""

ALL_SEVERITIES = (1, 2, 3, 4, 5)
"""What mPC and rPC average over, whichever of them count in the suite score."""


def severity_table(tidy: pd.DataFrame, suite: SeverityPolicy, metric: str = "miou") -> pd.DataFrame:
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


def suite_table(tidy: pd.DataFrame, suite: SeverityPolicy, metric: str = "miou") -> pd.DataFrame:
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


def summary(tidy: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the headline numbers, a row a model.

    Those of `headline`, and the `pixel_accuracy` of the clean images.
    """
    table = headline(_by_condition(tidy, suite, ["model"], "miou"), suite)
    table["pixel_accuracy"] = _by_condition(tidy, suite, ["model"], "pixel_accuracy")[CLEAN]
    return table


def headline(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the headline numbers of rows of mIoU, whatever these are: models, resamples, draws.

    `clean`, `suite score`, one column a category, `retention` (suite score / clean), `mPC` (the
    mean over all severities 1-5 of all corruptions), and `rPC` (mPC / clean). The columns of
    `scores` are (condition, severity); what is missing is NaN.
    """
    scores = complete(scores, suite)
    by_corruption = _by_corruption(scores, suite)
    clean = scores[CLEAN]
    table = pd.DataFrame({"clean": clean, "suite score": _mean(by_corruption)})
    for category in suite.categories:
        table[category] = _mean(by_corruption[_corruptions_of(category, suite)])
    table["retention"] = _share(table["suite score"], clean)
    table["mPC"] = _mean(_pick(scores, suite.corruptions, _severities(suite)))
    table["rPC"] = _share(table["mPC"], clean)
    return table


def suite_scores(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the headline numbers and the score of each corruption for the rows of `scores`.

    See `headline`.
    """
    by_corruption = _by_corruption(complete(scores, suite), suite)
    return pd.concat([headline(scores, suite), by_corruption], axis="columns")


def class_table(tidy: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the IoU of each class of the set: index (model, class), columns of `class_scores`."""
    return class_scores(_by_condition(tidy, suite, ["model", "class"], "iou"), suite)


def class_scores(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return what is told of a class, for rows of its IoU: see `headline`.

    Columns: `clean`, one a category, `suite` (the mean over the corruptions), `retention`.
    """
    scores = complete(scores, suite)
    by_corruption = _by_corruption(scores, suite)
    table = pd.DataFrame({"clean": scores[CLEAN]})
    for category in suite.categories:
        table[category] = _mean(by_corruption[_corruptions_of(category, suite)])
    table["suite"] = _mean(by_corruption)
    table["retention"] = _share(table["suite"], table["clean"])
    return table


def complete(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the columns (condition, severity) that any table asks for, NaN where not run."""
    conditions = [CLEAN]
    severities = dict.fromkeys((*ALL_SEVERITIES, *suite.severities))
    conditions += [(name, severity) for name in suite.corruptions for severity in severities]
    columns = pd.MultiIndex.from_tuples(conditions, names=["condition", "severity"])
    return scores.reindex(columns=columns)


def _severities(suite: SeverityPolicy) -> tuple[int, ...]:
    # Conditions that frames were taken in have no strengths.
    return suite.severities if suite.severities == (0,) else ALL_SEVERITIES


def _by_condition(
    tidy: pd.DataFrame, suite: SeverityPolicy, index: list[str], metric: str
) -> pd.DataFrame:
    """Arrange one metric: rows `index`, in order of appearance, columns (condition, severity)."""
    measured = tidy[tidy["metric"] == metric]
    wide = measured.pivot(index=index, columns=["condition", "severity"], values="value")
    rows = measured[index].drop_duplicates()
    order = pd.MultiIndex.from_frame(rows) if len(index) > 1 else pd.Index(rows[index[0]])
    return complete(wide.reindex(index=order), suite)


def _by_corruption(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
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


def _corruptions_of(category: str, suite: SeverityPolicy) -> list[str]:
    """Return the names of the corruptions of a category, in order."""
    return [column.corruption for column in suite.columns if column.category == category]


def _mean(scores: pd.DataFrame) -> pd.Series:
    """Return the mean of each row; NaN where one of its numbers is missing."""
    return scores.mean(axis="columns", skipna=False)


def _share(score: pd.Series, clean: pd.Series) -> pd.Series:
    """Return the share of the clean score that is retained; NaN where there was none."""
    return score / clean.where(clean > 0)
