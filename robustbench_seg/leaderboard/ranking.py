"""Ranks with ties: a model is ranked below another only where the images tell them apart.

The test is that of `robustseg compare`: sign flips of the paired images, with Holm's correction for
the number of pairs of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from ..scores.intervals import Resampled, paired_differences
from ..scores.policy import SeverityPolicy
from ..scores.statistics import holm
from ..scores.tables import suite_scores

SCORE = "suite score"
"""What models are ranked by."""
SIGNIFICANT = 0.05
"""Level of the corrected p-value below which two models are told apart."""


def pairs(models: Mapping[str, Resampled], policy: SeverityPolicy) -> pd.DataFrame:
    """Compare all pairs of models by `SCORE`: index (first, second).

    Columns: `difference` of the second minus the first, `low` and `high` of its 95 % interval, `p`
    and `p_holm`, corrected for the number of pairs.
    """

    def derive(miou: pd.DataFrame) -> pd.DataFrame:
        return suite_scores(miou, policy)[[SCORE]]

    columns = ["difference", "low", "high", "p"]
    both = list(combinations(models, 2))
    found = [
        paired_differences(models[first], models[second], derive, ()).loc[SCORE, columns]
        for first, second in both
    ]
    index = pd.MultiIndex.from_arrays(
        [[pair[place] for pair in both] for place in (0, 1)], names=["first", "second"]
    )
    table = pd.DataFrame([each.to_numpy(float) for each in found], index, columns, float)
    return table.assign(p_holm=holm(table["p"].to_numpy()))


def ranks(scores: Mapping[str, float], compared: pd.DataFrame) -> dict[str, int]:
    """Return the rank of each model: 1, and 1 more for each model that is better beyond chance.

    `compared` is the table of `pairs`. The order is by rank, then by score.
    """
    found = dict.fromkeys(scores, 1)
    certain = compared[compared["p_holm"] < SIGNIFICANT]
    for pair, difference in zip(certain.index, certain["difference"], strict=True):
        first, second = map(str, pair)
        found[first if difference > 0 else second] += 1
    order = sorted(found, key=lambda model: (found[model], -np.nan_to_num(scores[model])))
    return {model: found[model] for model in order}
