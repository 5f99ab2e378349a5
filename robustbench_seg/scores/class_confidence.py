"""Confidence by predicted class: whether a model is right as often as it is sure of a class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .calibration import calibration_error, equal_width, mean_confidence
from .confidence_bins import COARSE_STARTS, DOUBT_UNITS, DOUBTS, split_counts
from .metrics import ratio

CLASS_COLUMNS = ("model", "class", "corruption", "share", "accuracy", "mean_confidence", "ece")


def class_bins(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the coarse bins of the pixels predicted as each class: (columns, 3, COARSE).

    `counts` (n,) are those of the counter `calibration`. Doubts are kept for all classes together:
    the pixels of each class in a bin have the mean doubt of all pixels in it, which is within the
    width of the bin, 1/60, of their own.
    """
    parts = split_counts(counts)
    fine = parts.wrong + parts.right  # (B,)
    in_bin, doubts = (  # (B,) -> (COARSE,)
        np.add.reduceat(values, COARSE_STARTS) for values in (fine, fine * DOUBTS * DOUBT_UNITS)
    )
    pixels = parts.by_class.sum(axis=1)  # (columns, 2, COARSE) -> (columns, COARSE)
    by_class = np.moveaxis(parts.by_class, 1, 0)  # (columns, 2, COARSE) -> (2, columns, COARSE)
    mean = np.nan_to_num(ratio(doubts, in_bin))
    return np.stack((*by_class, pixels * mean), axis=1)  # (columns, 3, COARSE)


def class_table(
    models: Iterable[tuple[str, Mapping[str, NDArray[Any]]]], names: Sequence[str]
) -> pd.DataFrame:
    """List the confidences of each predicted class: columns `CLASS_COLUMNS`.

    Each model has `class_bins` by corruption; `names` are those of the columns. `share` is that of
    all pixels with ground truth that are predicted as the class, and `accuracy` that of them which
    are right. Classes that are never predicted are left out.
    """
    rows = []
    for model, by_corruption in models:
        for corruption, bins in by_corruption.items():
            pixels = bins[:, :2].sum(axis=(1, 2))  # (columns, 2, COARSE) -> (columns,)
            shares = ratio(pixels, pixels.sum())
            accuracy = ratio(bins[:, 1].sum(axis=1), pixels)
            errors = calibration_error(equal_width(bins))
            numbers = zip(names, shares, accuracy, mean_confidence(bins), errors, strict=True)
            rows += [(model, name, corruption, *row) for name, *row in numbers if row[0] > 0]
    return pd.DataFrame(rows, columns=list(CLASS_COLUMNS))
