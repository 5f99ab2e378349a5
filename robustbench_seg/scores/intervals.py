"""Lists of scores with their 95 % intervals: of single conditions, and derived from several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from .bootstrap import MIOU, Bootstrap, standard_deviation
from .tables import ALL_CLASSES, CLEAN

Derive = Callable[[pd.DataFrame], pd.DataFrame]
"""From rows of scores, columns (condition, severity), to rows of derived scores."""

TIDY_COLUMNS = [
    *("model", "dataset", "condition", "severity", "class", "metric"),
    *("value", "low", "high", "n_images"),
]
INTERVAL_COLUMNS = [
    *("model", "class", "score", "value", "low", "high", "sd_over_draws", "n_images")
]

_CLASSES_TOGETHER = 8
"""Number of classes whose resamples are in memory at once."""


def tidy(models: Mapping[str, Bootstrap], dataset: str) -> pd.DataFrame:
    """List all scores, one row per (model, condition, class, metric), in the order of the run.

    Columns are `TIDY_COLUMNS`. Class "all" has the metrics of `metrics.METRICS`, and where a
    condition was drawn more than once `miou_sd_over_draws`. Each class of the set has `iou`; each
    category with ground truth has `category_iou`, with its name in place of the class.
    """
    rows: list[tuple[object, ...]] = []
    for model, bootstrap in models.items():
        for condition, scores in bootstrap.scores.items():
            place = (model, dataset, *condition)
            images = bootstrap.pixel_counts.image_count(condition)
            numbers = zip(scores.names, scores.value, scores.low, scores.high, strict=True)
            rows += [(*place, *name, *ends, images) for name, *ends in numbers]
            sd = scores.sd_over_draws[scores.names.index(MIOU)]
            if not np.isnan(sd):
                rows.append((*place, ALL_CLASSES, "miou_sd_over_draws", sd, np.nan, np.nan, images))
    return pd.DataFrame(rows, columns=TIDY_COLUMNS)


def intervals(
    models: Mapping[str, Bootstrap], derive: Derive, derive_by_class: Derive | None = None
) -> pd.DataFrame:
    """List derived scores with the ends of their 95 % intervals: columns `INTERVAL_COLUMNS`.

    `derive` computes them from the mIoU of all conditions (class "all"), `derive_by_class` from the
    IoU of each class of the set. `sd_over_draws` is the standard deviation over random draws, NaN
    with one draw and for classes.
    """
    rows: list[tuple[object, ...]] = []

    def add(model: str, name: str, value: pd.DataFrame, *others: pd.DataFrame) -> None:
        bootstrap, (samples, draws) = models[model], others
        low, high = bootstrap.ends(samples.to_numpy())
        numbers = (value.to_numpy()[0], low, high, standard_deviation(draws.to_numpy().T))
        images = len(bootstrap.pixel_counts.seen)
        rows.extend(
            (model, name, score, *own, images)
            for score, *own in zip(value.columns, *numbers, strict=True)
        )

    for model, bootstrap in models.items():
        parts = (bootstrap.values, bootstrap.samples, bootstrap.by_draw)
        add(model, ALL_CLASSES, *_derived(derive, parts))
        if CLEAN in bootstrap.scores:
            rows.append((model, ALL_CLASSES, *_clean_pixel_accuracy(bootstrap)))
        if derive_by_class is None:
            continue
        classes = np.flatnonzero(bootstrap.pixel_counts.class_set).tolist()
        for start in range(0, len(classes), _CLASSES_TOGETHER):
            together = classes[start : start + _CLASSES_TOGETHER]
            by_class = [part for place in together for part in bootstrap.class_iou(place)]
            found = _derived(derive_by_class, by_class)
            for place, value, samples in zip(together, found[::2], found[1::2], strict=True):
                add(model, bootstrap.pixel_counts.classes[place], value, samples, value)
    return pd.DataFrame(rows, columns=INTERVAL_COLUMNS)


def _derived(derive: Derive, parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Derive scores from the rows of all parts in one call, because each takes milliseconds."""
    cuts = np.cumsum([0, *map(len, parts)])
    rows = derive(pd.DataFrame(np.concatenate(parts), columns=parts[0].columns))
    return [rows.iloc[start:stop] for start, stop in pairwise(cuts)]


def _clean_pixel_accuracy(bootstrap: Bootstrap) -> tuple[object, ...]:
    """Return the columns of the row from `score` on."""
    scores = bootstrap.scores[CLEAN]
    place = scores.names.index((ALL_CLASSES, "pixel_accuracy"))
    numbers = (scores.value, scores.low, scores.high, scores.sd_over_draws)
    images = bootstrap.pixel_counts.image_count(CLEAN)
    return ("pixel_accuracy", *(part[place] for part in numbers), images)
