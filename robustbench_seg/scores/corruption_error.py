"""How far models fall beside a reference (CD, rCD), and in which order they come: pure tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .metrics import corruption_degradation, relative_corruption_degradation
from .policy import SeverityPolicy

CD, RCD, MEAN = "CD", "rCD", "mean"
HIGHER_IS_BETTER = ("clean", "suite score", "retention", "mPC", "rPC")
"""The headline numbers by which models are put in order, besides the corruptions."""


def degradations(
    scores: pd.DataFrame, reference: pd.DataFrame, suite: SeverityPolicy
) -> pd.DataFrame:
    """Return CD and rCD against a reference for rows of scores: columns (measure, corruption).

    Both have the columns of `tables.suite_scores`, of which `clean` and the corruptions are read;
    the reference has one row for all, or a row for each. Each measure ends with the plain mean over
    the corruptions. A corruption's score is the mean over the severities that count, so that the
    number of severities cancels in the ratio of two sums over them (Kamann & Rother, 2020): this is
    what the sums give, where the same severities count for both.
    """
    names = list(suite.corruptions)
    clean, their_clean = scores[["clean"]].to_numpy(float), reference[["clean"]].to_numpy(float)
    # One severity stands for those that count: (rows, corruptions) -> (rows, corruptions, 1)
    own, theirs = (part[names].to_numpy(float)[..., np.newaxis] for part in (scores, reference))
    found = {
        CD: corruption_degradation(own, theirs),
        RCD: relative_corruption_degradation(clean, own, their_clean, theirs),
    }
    columns = pd.MultiIndex.from_product([found, (*names, MEAN)], names=["measure", "corruption"])
    values = [np.column_stack([part, part.mean(axis=1)]) for part in found.values()]
    return pd.DataFrame(np.column_stack(values), index=scores.index, columns=columns)


def ranks(scores: pd.DataFrame, suite: SeverityPolicy) -> pd.DataFrame:
    """Return the rank of each model by each score, 1 for the best; equals share the better one.

    `scores` has a row a model and the columns of `tables.suite_scores`. Columns: those of
    `HIGHER_IS_BETTER`, the corruptions, and `mean rank`, over the corruptions. NaN has no rank.
    """
    columns = [*HIGHER_IS_BETTER, *suite.corruptions]
    table = scores[columns].astype(float).rank(ascending=False, method="min")
    table["mean rank"] = table[list(suite.corruptions)].mean(axis="columns", skipna=False)
    return table
