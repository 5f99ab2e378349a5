"""Two models on the same images: the differences of their scores, and how sure these are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from .bootstrap import Bootstrap
from .intervals import Derive
from .statistics import holm, p_value


def paired(
    first: Bootstrap, second: Bootstrap, of_miou: Derive, family: Collection[str]
) -> pd.DataFrame:
    """Compare the scores that `of_miou` derives: a row each, the second minus the first.

    Both must be of the same images in one order, with the same resamples. Columns: `first`,
    `second`, `difference`, `low` and `high` of its 95 % interval, `p` for no difference, and
    `p_holm`, corrected for the number of scores of the `family` (NaN for the others).
    """
    values = [of_miou(item.values).iloc[0].astype(float) for item in (first, second)]
    samples = of_miou(second.samples).to_numpy() - of_miou(first.samples).to_numpy()
    low, high = second.ends(samples)
    table = pd.DataFrame(
        {
            "first": values[0],
            "second": values[1],
            "difference": values[1] - values[0],
            "low": low,
            "high": high,
            "p": p_value(samples),
        }
    )
    table["p_holm"] = float("nan")
    tested = table.index.isin(list(family))
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].to_numpy())
    table.index.name = "score"
    return table


def against(
    models: Mapping[str, Bootstrap], baseline: str, of_miou: Derive, family: Collection[str]
) -> pd.DataFrame:
    """Compare each model with the baseline: index (model, score), the columns of `paired`.

    Each model is a comparison of its own: `p_holm` is corrected for the scores of the `family`, not
    for the number of models, for which p-values of a few thousand resamples are too coarse.
    """
    names = ["model", "score"]
    others = {
        model: paired(models[baseline], bootstrap, of_miou, family)
        for model, bootstrap in models.items()
        if model != baseline
    }
    if not others:
        empty = pd.MultiIndex.from_arrays([[], []], names=names)
        columns = ["first", "second", "difference", "low", "high", "p", "p_holm"]
        return pd.DataFrame(index=empty, columns=columns, dtype=float)
    return pd.concat(others, names=names)
