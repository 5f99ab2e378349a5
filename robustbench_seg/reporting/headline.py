"""The sentence that says what a run found."""

from __future__ import annotations

import pandas as pd

from .report import Report
from .words import apart


def headline(report: Report) -> str:
    """Return how much of its clean mIoU each model keeps, and which category matters most.

    "" for a run without these numbers, such as one at several resolutions.
    """
    if "summary" not in report.tables:
        return ""
    scores = 100 * report.table("summary").astype(float)  # in percent, a model in a row
    if not {"clean", "retention"} <= {*scores} or scores[["clean", "retention"]].isna().any(
        axis=None
    ):
        return ""
    retained = apart(scores["retention"])
    kept = [
        f"{model} keeps {share} % of its clean mIoU ({clean:.1f})"
        if place == 0
        else f"{model} {share} % ({clean:.1f})"
        for place, (model, share, clean) in enumerate(
            zip(scores.index, retained, scores["clean"], strict=True)
        )
    ]
    policy = report.spec.suite.policy
    chosen = [name for name in policy.categories if name in scores] if policy else []
    measured = scores[chosen].dropna(axis="columns")
    return "; ".join(filter(None, [", ".join(kept), _category(measured)])) + "."


def _category(scores: pd.DataFrame) -> str:
    """Return the category that separates the models most, or the hardest one of a single model."""
    if len(scores.columns) < 2:  # of one category there is nothing to choose
        return ""
    if len(scores) == 1:
        lowest = scores.iloc[0].idxmin()
        return f"{lowest} is the hardest ({scores[lowest].iloc[0]:.1f})"
    widest = (scores.max() - scores.min()).idxmax()
    first, last = (
        scores[widest] if len(scores) == 2 else (scores[widest].max(), scores[widest].min())
    )
    if first == last:
        return ""
    found = apart((first, last), fewest=1)
    return f"{widest} separates them most ({' against '.join(found)})"
