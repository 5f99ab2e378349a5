"""Tables of a corruption suite, arranged from the tidy table (`intervals.tidy`).

Scores are fractions in [0, 1]. The severity policy is that of the suite: the score of a corruption
is the mean over the severities that count, the suite score the plain mean over the corruptions, and
a category's score the mean over its corruptions. A mean that lacks a condition is NaN, never a mean
over the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .policy import SeverityPolicy

Name = TypeVar("Name")

CLEAN_KEY = ("clean", 0)
"""Key of the uncorrupted condition: its name and severity."""

ALL_CLASSES = "all"
"""Class column of scores over all classes."""

ALL_SEVERITIES = (1, 2, 3, 4, 5)
"""Severities that mPC and rPC average over, including those that the suite score leaves out."""


def severity_table(tidy: pd.DataFrame, suite: SeverityPolicy, metric: str = "miou") -> pd.DataFrame:
    """Return the score at each severity: index (model, category, corruption), columns severities.

    All severities of the suite are shown, counted or not.
    """
    scores = complete(by_condition(tidy, ["model"], metric), suite)
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


def suite_table(tidy: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return one row per model in the form of Table 5 of SegFormer: columns `suite_columns`."""
    scores = complete(by_condition(tidy, ["model"], "miou"), suite)
    clean, by_corruption = _clean(scores, suite), corruption_scores(scores, suite)
    mean = _mean(by_corruption)
    table = pd.concat([clean, by_corruption, mean, _ratio(mean, clean)], axis="columns")
    return table.set_axis(suite_columns(suite), axis="columns")


def suite_columns(suite: SeverityPolicy) -> pd.MultiIndex:
    """Return the columns (category, corruption) of Table 5: clean, each corruption, mean.

    Category "" holds `clean`, `mean` (the suite score) and `retention` (mean / clean).
    """
    pairs = [(item.category, item.corruption) for item in suite.columns]
    ends = [("", "mean"), ("", "retention")]
    names = ["category", "corruption"]
    return pd.MultiIndex.from_tuples([("", "clean"), *pairs, *ends], names=names)


def summary(tidy: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the scores of `headline` and the clean `pixel_accuracy`, one row per model."""
    miou, accuracy = (by_condition(tidy, ["model"], name) for name in ("miou", "pixel_accuracy"))
    return headline(miou, suite).assign(pixel_accuracy=complete(accuracy, suite)[CLEAN_KEY])


def headline(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the headline scores for rows of mIoU: of models, resamples or draws.

    Columns: `clean`, `suite score`, the categories, `retention` (suite score / clean), `mPC` (mean
    over severities 1-5 of all corruptions) and `rPC` (mPC / clean). The columns of `scores` are
    (condition, severity); missing ones count as NaN.
    """
    scores = complete(scores, suite)
    return _headline(scores, corruption_scores(scores, suite), suite)


def _headline(
    scores: pd.DataFrame, by_corruption: pd.DataFrame, suite: SeverityPolicy
) -> pd.DataFrame:
    # Conditions that frames were taken in have no severities.
    severities = suite.severities if suite.severities == (0,) else ALL_SEVERITIES
    everything = {"mPC": product(suite.corruptions, severities)}
    clean, mpc = _clean(scores, suite), condition_means(scores, suite, everything)["mPC"]
    score = _mean(by_corruption)
    return pd.DataFrame(
        {
            "clean": clean,
            "suite score": score,
            **category_scores(by_corruption, suite),
            "retention": _ratio(score, clean),
            "mPC": mpc,
            "rPC": _ratio(mpc, clean),
        }
    )


def suite_scores(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the scores of `headline` and of each corruption for rows of mIoU."""
    scores = complete(scores, suite)
    by_corruption = corruption_scores(scores, suite)
    return pd.concat([_headline(scores, by_corruption, suite), by_corruption], axis="columns")


def class_table(tidy: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the IoU of each class of the set: index (model, class), columns of `class_scores`."""
    return class_scores(by_condition(tidy, ["model", "class"], "iou"), suite)


def class_scores(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return derived scores for rows of a class's IoU; columns of `scores` as in `headline`.

    Columns: `clean`, the categories, `suite` (mean over the corruptions) and `retention`.
    """
    scores = complete(scores, suite)
    by_corruption = corruption_scores(scores, suite)
    clean, mean = _clean(scores, suite), _mean(by_corruption)
    columns = {"clean": clean, **category_scores(by_corruption, suite)}
    return pd.DataFrame({**columns, "suite": mean, "retention": _ratio(mean, clean)})


def complete(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return all columns (condition, severity) that the tables need, NaN where not run."""
    return scores.reindex(columns=_conditions(suite.corruptions, suite.severities))


def by_condition(tidy: pd.DataFrame, index: list[str], metric: str) -> pd.DataFrame:
    """Pivot one metric: rows `index`, in order of appearance, columns (condition, severity)."""
    measured = tidy[tidy["metric"] == metric]
    wide = measured.pivot(index=index, columns=["condition", "severity"], values="value")
    return wide.reindex(index=measured.drop_duplicates(index).set_index(index).index)


def corruption_scores(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Average each corruption over the severities that count: one column per corruption."""
    counted = {
        column.corruption: product((column.corruption,), column.counted) for column in suite.columns
    }
    return condition_means(scores, suite, counted)


def category_scores(by_corruption: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Average the corruptions of each category: one column per category."""
    members: dict[str, list[int]] = {category: [] for category in suite.categories}
    places = {name: place for place, name in enumerate(by_corruption)}
    for column in suite.columns:
        members[column.category].append(places[column.corruption])
    values = by_corruption.to_numpy(float)
    means = {category: _row_means(values[:, chosen]) for category, chosen in members.items()}
    return pd.DataFrame(means, index=by_corruption.index)


def condition_means(
    scores: pd.DataFrame,
    suite: SeverityPolicy,
    conditions: Mapping[Name, Iterable[tuple[str, float]]],
) -> pd.DataFrame:
    """Average scores over sets of conditions (corruption, severity): a column for each set.

    The columns of `scores` are those of `complete`. A mean over NaN, or over nothing, is NaN.
    """
    # pandas takes about a millisecond to select and average a set, and there are thousands.
    values = scores.to_numpy(float)  # (rows, conditions)
    order: Literal["C", "F"] = "C" if values.flags.c_contiguous else "F"  # decides the last bit
    places = _places(suite.corruptions, suite.severities)
    means = {}
    for name, keys in conditions.items():
        chosen = np.asarray(values[:, [places[key] for key in keys]], order=order)  # (rows, set)
        means[name] = chosen.sum(axis=1) / (chosen.shape[1] or np.nan)  # (rows,)
    return pd.DataFrame(means, index=scores.index)


@cache
def _conditions(corruptions: tuple[str, ...], severities: tuple[float, ...]) -> pd.MultiIndex:
    keys = product(corruptions, dict.fromkeys((*ALL_SEVERITIES, *severities)))
    return pd.MultiIndex.from_tuples([CLEAN_KEY, *keys], names=["condition", "severity"])


@cache
def _places(
    corruptions: tuple[str, ...], severities: tuple[float, ...]
) -> Mapping[tuple[str, float], int]:
    return {key: place for place, key in enumerate(_conditions(corruptions, severities))}


def _clean(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.Series:
    return condition_means(scores, suite, {"clean": [CLEAN_KEY]})["clean"]


def _mean(scores: pd.DataFrame) -> pd.Series:
    """Return the mean of each row; NaN where a number is missing."""
    return pd.Series(_row_means(scores.to_numpy(float)), scores.index)


def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.asfortranarray(values)  # decides the last bit
    return np.asarray(ordered.sum(axis=1) / (values.shape[1] or np.nan))


def _ratio(score: pd.Series, clean: pd.Series) -> pd.Series:
    """Return score / clean; NaN where the clean score is 0."""
    return score / clean.where(clean > 0)
