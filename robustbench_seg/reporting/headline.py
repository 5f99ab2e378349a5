"""The sentence that says what a run found."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .report import Report
from .words import apart

_NAMED = 4
"""Most models that a sentence names."""


def headline(report: Report) -> str:
    """Return the finding of a run; "" for one without retention, such as at several resolutions."""
    policy = report.spec.suite.policy
    if "summary" not in report.tables or policy is None:
        return ""
    return finding(report.table("summary"), policy.categories)


def finding(summary: pd.DataFrame, categories: Sequence[str]) -> str:
    """Return how much of its clean mIoU each model keeps, and which category matters most.

    `summary` has a row for each model, and the columns clean, retention and those categories that
    were measured. Returns "" where clean mIoU or retention is unknown.
    """
    scores = 100 * summary.astype(float)  # in percent
    if not {"clean", "retention"} <= {*scores} or scores[["clean", "retention"]].isna().any(
        axis=None
    ):
        return ""
    chosen = [name for name in categories if name in scores]
    category = _category(scores[chosen].dropna(axis="columns"))
    return "; ".join(filter(None, [_kept(scores), category])) + "."


def _kept(scores: pd.DataFrame) -> str:
    """Return the retention of each model, or of the first and the last of many."""
    found = [
        (str(model), share, clean)
        for model, share, clean in zip(
            scores.index, apart(scores["retention"]), scores["clean"], strict=True
        )
    ]
    if len(found) > _NAMED:
        order = scores["retention"].to_numpy().argsort(kind="stable")
        (most, *shares), (least, *others) = found[order[-1]], found[order[0]]
        return (
            f"Of {len(found)} models {most} keeps most of its clean mIoU ({shares[0]} % of "
            f"{shares[1]:.1f}), {least} least ({others[0]} % of {others[1]:.1f})"
        )
    (model, share, clean), *rest = found
    others = [f"{model} {share} % ({clean:.1f})" for model, share, clean in rest]
    return ", ".join([f"{model} keeps {share} % of its clean mIoU ({clean:.1f})", *others])


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
