"""Corruption degradation against a reference model (CD, rCD), and the ranks of models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .metrics import ratio
from .policy import SeverityPolicy

HIGHER_IS_BETTER = ("clean", "suite score", "retention", "mPC", "rPC")
"""Headline scores by which models are ranked, besides the corruptions."""


def corruption_errors(
    scores: pd.DataFrame, reference: pd.DataFrame, suite: SeverityPolicy
) -> pd.DataFrame:
    """Return CD and rCD against a reference for rows of scores: columns (measure, corruption).

    CD is the error (1 - mIoU) divided by that of the reference, rCD the loss (clean mIoU - mIoU)
    divided by that of the reference; below 1, the model degrades less. NaN where the reference has
    no error, or no loss. Both frames have the columns of `tables.suite_scores`; `clean` and the
    corruptions are read. The reference has one row for all, or one for each. Each measure ends with
    the plain mean over the corruptions. The score of a corruption is a mean over severities instead
    of the sum of Kamann & Rother (2020): their number cancels, if the same severities count for
    both models.
    """
    names = list(suite.corruptions)
    clean, their_clean = (part[["clean"]].to_numpy(float) for part in (scores, reference))
    own, theirs = (part[names].to_numpy(float) for part in (scores, reference))  # (rows, names)
    measures = {
        "CD": ratio(1 - own, 1 - theirs),
        "rCD": ratio(clean - own, their_clean - theirs),
    }
    columns = pd.MultiIndex.from_product(
        [measures, (*names, "mean")], names=["measure", "corruption"]
    )
    values = [np.column_stack([part, part.mean(axis=1)]) for part in measures.values()]
    return pd.DataFrame(np.column_stack(values), index=scores.index, columns=columns)


def ranks(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the rank of each model by each score, 1 for the best; ties share the better rank.

    `scores` has one row per model and the columns of `tables.suite_scores`. Columns: those of
    `HIGHER_IS_BETTER`, the corruptions, and `mean rank` over the corruptions. NaN has no rank.
    """
    columns = [*HIGHER_IS_BETTER, *suite.corruptions]
    table = scores[columns].astype(float).rank(ascending=False, method="min")
    table["mean rank"] = table[list(suite.corruptions)].mean(axis="columns", skipna=False)
    return table
