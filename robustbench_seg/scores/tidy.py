"""The tidy table: every score of a run in a row of its own, with its interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .bootstrap import MIOU, Bootstrap

COLUMNS = [
    *("model", "dataset", "condition", "severity", "class", "metric"),
    *("value", "low", "high", "n_images"),
]
OVER_DRAWS = "miou_sd_over_draws"
"""The metric that tells how much the mIoU of a condition moves from draw to draw of its chance."""


def tidy(models: Mapping[str, Bootstrap], dataset: str) -> pd.DataFrame:
    """List all scores, one row for each (model, condition, class, metric), in the order of the run.

    Columns are `COLUMNS`; `low` and `high` are the ends of the 95 % interval. Class "all" has
    `miou`, `miou_cityscapes` (as cityscapesscripts averages), `category_miou`, `pixel_accuracy`,
    `mean_accuracy`, `frequency_weighted_iou`, and where chance was drawn more than once
    `miou_sd_over_draws`; each class of the set has `iou`, each category with ground truth
    `category_iou`, with the name of the category in place of the class.
    """
    rows: list[tuple[object, ...]] = []
    for model, bootstrap in models.items():
        for condition, found in bootstrap.estimates.items():
            place = (model, dataset, *condition)
            images = bootstrap.tally.images(condition)
            rows += [
                (*place, *name, value, low, high, images)
                for name, value, low, high in zip(
                    found.names, found.value, found.low, found.high, strict=True
                )
            ]
            spread = found.over_draws[found.names.index(MIOU)]
            if not np.isnan(spread):
                rows.append((*place, MIOU[0], OVER_DRAWS, spread, np.nan, np.nan, images))
    return pd.DataFrame(rows, columns=COLUMNS)
