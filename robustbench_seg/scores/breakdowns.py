"""Tables of one model's losses under corruption: by severity, by class and by frame."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .intervals import Resampled, class_blocks, together
from .metrics import mean_iou
from .pixel_counts import PixelCounts
from .policy import SeverityPolicy
from .statistics import interval
from .tables import CLEAN_KEY, class_scores, complete, condition_means, suite_scores


def with_interval(value: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return the one row of `value` with the ends of its interval over the rows of `samples`.

    The result has a row for each column of both, and columns value, low, high.
    """
    low, high = interval(samples.to_numpy(float))
    return pd.DataFrame({"value": value.iloc[0].astype(float), "low": low, "high": high})


def category_curves(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Average the corruptions of each category at each severity: columns (category, severity)."""
    scores = complete(scores, suite)
    curves = {
        (category, severity): [
            (item.corruption, severity) for item in suite.columns if item.category == category
        ]
        for category in suite.categories
        for severity in suite.severities
    }
    return condition_means(scores, suite, curves)


def suite_curve(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Average all corruptions at each severity, whether it counts or not: columns severities."""
    scores = complete(scores, suite)
    curve = {severity: product(suite.corruptions, (severity,)) for severity in suite.severities}
    return condition_means(scores, suite, curve)


def class_breakdown(bootstrap: Resampled, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the loss of each class of the set: index class.

    Columns: `clean` and `suite` (IoU), `change` (suite - clean) and `retention` (suite / clean),
    each followed by the ends of its interval, `clean_low`, `clean_high` and so on. `half_lost_at`
    is the lowest severity at which the mean over all corruptions is below half of the clean IoU;
    NaN if it never is.
    """
    rows = {}
    for places in class_blocks(bootstrap.pixel_counts):
        found = [bootstrap.class_iou(place) for place in places]
        samples = together(partial(_class_losses, suite=suite), [own for _, own in found])
        for place, (value, _), resampled in zip(places, found, samples, strict=True):
            losses = _class_losses(value, suite)
            low, high = interval(resampled.to_numpy())
            row: dict[str, float] = {}
            for score, *numbers in zip(losses, losses.to_numpy()[0], low, high, strict=True):
                names = (str(score), f"{score}_low", f"{score}_high")
                row |= dict(zip(names, numbers, strict=True))
            row["half_lost_at"] = _half_lost_at(value, suite)
            rows[bootstrap.pixel_counts.classes[place]] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="class")


def frame_miou(pixel_counts: PixelCounts) -> NDArray[np.float64]:
    """Return the mIoU of each frame alone, over the classes it shows: (images, draws).

    NaN where nothing was predicted.
    """
    totals = pixel_counts.totals(pixel_counts.counts)  # (images, draws, C)
    miou = mean_iou(totals.classes, totals.class_set)
    found: NDArray[np.float64] = np.where(pixel_counts.seen, miou, np.nan)
    return found


def frame_breakdown(pixel_counts: PixelCounts, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the loss of each frame, one row each, in the order of the counts.

    Columns: `clean`, `suite` (mIoU of this frame alone, over the classes it shows), `change`, and
    the condition with the lowest mIoU: `worst` ("fog 3") and `worst_miou`. Scores of single frames
    rank the frames; the scores of a run are never means of them.
    """
    scores = pixel_counts.mean_over_draws(frame_miou(pixel_counts))
    table = suite_scores(scores, suite)[["clean", "suite score"]]
    table = table.rename(columns={"suite score": "suite"})
    table["change"] = table["suite"] - table["clean"]
    corrupted = scores.drop(columns=[("clean", 0)], errors="ignore")
    lowest = corrupted.fillna(np.inf).to_numpy().argmin(axis=1)
    table["worst"] = ["{} {:g}".format(*corrupted.columns[place]) for place in lowest]
    table["worst_miou"] = corrupted.to_numpy()[np.arange(len(lowest)), lowest]
    return table


def _class_losses(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    table = class_scores(scores, suite)[["clean", "suite", "retention"]]
    table.insert(2, "change", table["suite"] - table["clean"])
    return table


def _half_lost_at(value: pd.DataFrame, suite: SeverityPolicy) -> float:
    clean = float(complete(value, suite)[CLEAN_KEY].iloc[0])
    means = suite_curve(value, suite).iloc[0].tolist()
    for severity, mean in zip(suite.severities, means, strict=True):
        if mean < clean / 2:
            return float(severity)
    return float("nan")
