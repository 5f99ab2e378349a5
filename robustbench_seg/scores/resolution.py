"""Tables of a resolution suite: mIoU by input scale, and its changes.

A change is a score minus that of the suite's reference condition, for the same model. Both are
fractions: papers print a change of -0.033 as a drop of 3.3 points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from .tables import CLEAN_KEY, by_condition

_CHANGE = "change at "


class CurvePoint(NamedTuple):
    """Curve that a condition is a point of, and its position along the x-axis."""

    line: str
    """Window and corruption that all points of the curve share; "" for neither."""
    value: float
    """Scale, or short side in pixels."""


def resolution_table(
    tidy: pd.DataFrame, points: Mapping[str, CurvePoint], against: str
) -> pd.DataFrame:
    """Return the mIoU of every condition: index (model, condition), clean first.

    Columns: `line` and `value` of its point ("" and NaN for the clean frames), `miou` with its
    interval `low` and `high`, and `change`, the mIoU minus that of the condition `against`.
    """
    scores = tidy[tidy["metric"] == "miou"].set_index(["model", "condition"])[
        ["value", "low", "high"]
    ]
    models = list(dict.fromkeys(scores.index.get_level_values("model")))
    conditions = [CLEAN_KEY[0], *points]
    order = pd.MultiIndex.from_product([models, conditions], names=["model", "condition"])
    table = scores.rename(columns={"value": "miou"}).reindex(order)
    clean = CurvePoint("", float("nan"))
    rows = [points.get(condition, clean) for _, condition in order]
    table.insert(0, "line", [point.line for point in rows])
    table.insert(1, "value", [point.value for point in rows])
    reference = table["miou"].xs(against, level="condition")
    table["change"] = table["miou"] - reference.reindex(order.get_level_values("model")).to_numpy()
    return table


def with_intervals(table: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """Add the ends of the changes' intervals to a resolution table: `change_low`, `change_high`.

    Both conditions of a change are resampled together, so it can be certain where the scores are
    not. NaN for the reference condition.
    """
    ends = intervals.set_index(["model", "score"])[["low", "high"]]
    wanted = [(model, f"{_CHANGE}{condition}") for model, condition in table.index]
    found = ends.reindex(pd.MultiIndex.from_tuples(wanted)).to_numpy()
    return table.assign(change_low=found[:, 0], change_high=found[:, 1])


def summary(tidy: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return one row per model: the mIoU of the clean frames and of each condition."""
    return _wide(by_condition(tidy, ["model"], "miou"), conditions)


def changes(scores: pd.DataFrame, against: str) -> pd.DataFrame:
    """Return scores and their changes for rows of mIoU, e.g. of resamples or of draws.

    The columns of `scores` are (condition, severity); a change is named "change at scale 0.5".
    """
    plain = scores.droplevel("severity", axis="columns")
    change = plain.sub(plain[against], axis="index").drop(columns=against)
    return pd.concat([plain, change.add_prefix(_CHANGE)], axis="columns")


def class_table(tidy: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return the IoU of each class of the set: index (model, class), clean and each condition."""
    return _wide(by_condition(tidy, ["model", "class"], "iou"), conditions)


def _wide(scores: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    plain = scores.droplevel("severity", axis="columns")
    return plain.reindex(columns=pd.Index([CLEAN_KEY[0], *conditions], name="condition"))
