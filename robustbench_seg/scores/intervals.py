"""The intervals of scores that are made of several conditions: suite scores, retention, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from .bootstrap import Bootstrap, deviation
from .tables import ALL_CLASSES, CLEAN

Derive = Callable[[pd.DataFrame], pd.DataFrame]
"""From rows of scores, columns (condition, severity), to rows of the scores made of them."""

COLUMNS = ["model", "class", "score", "value", "low", "high", "sd_over_draws", "n_images"]

_CLASSES_TOGETHER = 8
"""Whose resamples are in memory at once."""


def intervals(
    models: Mapping[str, Bootstrap], of_miou: Derive, of_iou: Derive | None = None
) -> pd.DataFrame:
    """List derived scores with the ends of their 95 % intervals: `COLUMNS`.

    `of_miou` derives them from the mIoU of all conditions (class "all"), `of_iou` from the IoU of
    each class of the set. `sd_over_draws` is the standard deviation from draw to draw of chance,
    NaN where there is one draw, and for classes.
    """
    rows: list[tuple[object, ...]] = []

    def add(model: str, name: str, value: pd.DataFrame, *others: pd.DataFrame) -> None:
        bootstrap, (samples, draws) = models[model], others
        low, high = bootstrap.ends(samples.to_numpy())
        numbers = (value.to_numpy()[0], low, high, deviation(draws.to_numpy().T))
        images = len(bootstrap.tally.seen)
        rows.extend(
            (model, name, score, *own, images)
            for score, *own in zip(value.columns, *numbers, strict=True)
        )

    for model, bootstrap in models.items():
        parts = (bootstrap.values, bootstrap.samples, bootstrap.by_draw)
        add(model, ALL_CLASSES, *_derived(of_miou, parts))
        if CLEAN in bootstrap.estimates:
            rows.append((model, ALL_CLASSES, *_accuracy(bootstrap)))
        if of_iou is None:
            continue
        places = np.flatnonzero(bootstrap.tally.class_set).tolist()
        for start in range(0, len(places), _CLASSES_TOGETHER):
            together = places[start : start + _CLASSES_TOGETHER]
            found = _derived(
                of_iou,
                [
                    part
                    for place in together
                    for part in (bootstrap.class_values(place), bootstrap.class_samples(place))
                ],
            )
            for place, value, samples in zip(together, found[::2], found[1::2], strict=True):
                add(model, bootstrap.tally.classes[place], value, samples, value)
    return pd.DataFrame(rows, columns=COLUMNS)


def _derived(of: Derive, parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Derive from the rows of several frames at once, as pandas takes its time for each call."""
    cuts = np.cumsum([0, *map(len, parts)])
    found = of(pd.DataFrame(np.concatenate(parts), columns=parts[0].columns))
    return [found.iloc[start:stop] for start, stop in pairwise(cuts)]


def _accuracy(bootstrap: Bootstrap) -> tuple[object, ...]:
    """Return the rest of the row of the pixel accuracy of the clean images."""
    found = bootstrap.estimates[CLEAN]
    place = found.names.index((ALL_CLASSES, "pixel_accuracy"))
    numbers = (part[place] for part in (found.value, found.low, found.high, found.over_draws))
    return ("pixel_accuracy", *numbers, bootstrap.tally.images(CLEAN))
