"""What is lost under corruption: by severity, by class, by frame. Pure tables of one model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import Bootstrap
from .metrics import Counts, mean_iou
from .pixel_counts import PixelCounts
from .policy import SeverityPolicy
from .tables import class_scores, complete, suite_scores

ENDS = ("low", "high")


def estimated(bootstrap: Bootstrap, values: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of one row of values with their ends over the rows of samples.

    A row a column of both; columns value, low, high.
    """
    low, high = bootstrap.ends(samples.to_numpy(float))
    return pd.DataFrame({"value": values.iloc[0].astype(float), "low": low, "high": high})


def category_curves(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Average the corruptions of each category at each severity: columns (category, severity)."""
    scores = complete(scores, suite)
    curves = {
        (category, severity): scores[
            [(item.corruption, severity) for item in suite.columns if item.category == category]
        ].mean(axis="columns", skipna=False)
        for category in suite.categories
        for severity in suite.severities
    }
    return pd.DataFrame(curves, index=scores.index)


def class_losses(bootstrap: Bootstrap, suite: SeverityPolicy) -> pd.DataFrame:
    """Return how much of each class of the set is lost: index class.

    Columns: `clean` and `suite` (IoU), `change` (the second minus the first) and `retention` (their
    ratio), each followed by the ends of its interval, `clean_low` and so on; and `half_lost_at`,
    the lowest severity at which the mean over all corruptions is under half of the clean IoU (NaN:
    none of those that were run).
    """
    rows = {}
    for place in np.flatnonzero(bootstrap.tally.class_set).tolist():
        values, samples = bootstrap.class_values(place), bootstrap.class_samples(place)
        found = estimated(bootstrap, _losses(values, suite), _losses(samples, suite))
        row = {}
        for score, numbers in found.iterrows():
            row[str(score)] = numbers["value"]
            row |= {f"{score}_{end}": numbers[end] for end in ENDS}
        row["half_lost_at"] = _half_lost_at(values, suite)
        rows[bootstrap.tally.classes[place]] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis(index="class")


def frame_losses(tally: PixelCounts, suite: SeverityPolicy) -> pd.DataFrame:
    """Return how much of each frame is lost, a row a frame in the order of the tally.

    Columns: `clean`, `suite` (mIoU of this frame alone, over the classes that it shows), `change`,
    and the condition under which it is lowest: `worst` ("fog 3") and `worst_miou`. Scores of single
    frames order them; the scores of a run are never means of them.
    """
    split = len(tally.classes)
    classes = Counts(*np.moveaxis(tally.counts[..., :split], -2, 0))  # 3 x (images, draws, C)
    there = tally.class_set & (classes.truth > 0)
    by_draw = np.where(tally.seen, mean_iou(classes, there), np.nan)  # (images, draws)
    names = pd.MultiIndex.from_tuples(list(tally.conditions), names=["condition", "severity"])
    means = [by_draw[:, own].mean(axis=1) for own in tally.conditions.values()]
    scores = pd.DataFrame(np.column_stack(means), columns=names)
    table = suite_scores(scores, suite)[["clean", "suite score"]]
    table = table.rename(columns={"suite score": "suite"})
    table["change"] = table["suite"] - table["clean"]
    corrupted = scores.drop(columns=[("clean", 0)], errors="ignore")
    place = corrupted.fillna(np.inf).to_numpy().argmin(axis=1)
    table["worst"] = ["{} {}".format(*corrupted.columns[at]) for at in place]
    table["worst_miou"] = corrupted.to_numpy()[np.arange(len(place)), place]
    return table


def _losses(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    table = class_scores(scores, suite)[["clean", "suite", "retention"]]
    table.insert(2, "change", table["suite"] - table["clean"])
    return table


def _half_lost_at(values: pd.DataFrame, suite: SeverityPolicy) -> float:
    scores = complete(values, suite)
    clean = float(scores["clean", 0].iloc[0])
    for severity in suite.severities:
        of_severity = scores[[(name, severity) for name in suite.corruptions]]
        if float(of_severity.mean(axis="columns", skipna=False).iloc[0]) < clean / 2:
            return float(severity)
    return float("nan")
