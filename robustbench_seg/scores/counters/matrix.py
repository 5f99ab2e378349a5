"""The counter of every run: the confusion matrix, from which mIoU is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...label_types import LabelMap
from ..metrics import confusion_matrix
from .counter import Counter, Counts, Prediction


class ConfusionMatrix(Counter):
    """Pixels of each true class (rows) by predicted class: (C, columns)."""

    name = "miou"

    def shape(self, classes: int, columns: int) -> tuple[int, ...]:
        """Return (C, columns)."""
        return classes, columns

    def count(self, truth: LabelMap, prediction: Prediction, classes: int, columns: int) -> Counts:
        """Count the pairs of classes, see `metrics.confusion_matrix`."""
        return confusion_matrix(truth, prediction.labels, classes, spare=columns > classes)

    def problem(
        self, counts: Counts, pixels: NDArray[np.int64], classes: Sequence[str]
    ) -> tuple[int, str] | None:
        """Return a matrix whose rows do not add up to the pixels of the frame's classes."""
        sums = counts.sum(axis=2)  # (N, C, columns) -> (N, C)
        wrong = np.argwhere(sums != pixels)
        if not len(wrong):
            return None
        index, place = wrong[0].tolist()
        found, expected = sums[index, place], pixels[index, place]
        return index, f"has {found} pixels of {classes[place]}, and the frame {expected}"
