"""Paired differences of the scores of two models on the same images."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from .bootstrap import Bootstrap
from .intervals import Derive
from .statistics import holm, p_value

COLUMNS = ["first", "second", "difference", "low", "high", "p", "p_holm"]


def paired_differences(
    first: Bootstrap, second: Bootstrap, derive: Derive, family: Collection[str]
) -> pd.DataFrame:
    """Compare the scores that `derive` computes, second minus first: index score, one row each.

    Both must have the same images in the same order, and the same resamples. Columns: `first`,
    `second`, `difference`, `low` and `high` of its 95 % interval, `p` for no difference, and
    `p_holm`, corrected for the number of scores of the `family` (NaN for the others).
    """
    values = [derive(item.values).iloc[0].astype(float) for item in (first, second)]
    samples = derive(second.samples).to_numpy() - derive(first.samples).to_numpy()
    low, high = second.ends(samples)
    numbers = (*values, values[1] - values[0], low, high, p_value(samples), float("nan"))
    table = pd.DataFrame(dict(zip(COLUMNS, numbers, strict=True)))
    tested = table.index.isin(list(family))
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].to_numpy())
    return table.rename_axis(index="score")


def differences_from_baseline(
    models: Mapping[str, Bootstrap], baseline: str, derive: Derive, family: Collection[str]
) -> pd.DataFrame:
    """Compare each model with the baseline: index (model, score), columns of `paired_differences`.

    `p_holm` corrects for the scores of the `family`, not for the number of models: p-values of a
    few thousand resamples are too coarse for that.
    """
    names = ["model", "score"]
    others = {
        model: paired_differences(models[baseline], bootstrap, derive, family)
        for model, bootstrap in models.items()
        if model != baseline
    }
    if not others:
        empty = pd.MultiIndex.from_arrays([[], []], names=names)
        return pd.DataFrame(index=empty, columns=COLUMNS, dtype=float)
    return pd.concat(others, names=names)
