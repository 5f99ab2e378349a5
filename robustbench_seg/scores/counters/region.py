"""The counter of runs with a region: the confusion matrix of the pixels inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .counter import Counts, Measure
from .matrix import ConfusionMatrix

if TYPE_CHECKING:
    from ..pixel_counts import PixelCounts
    from ..region import RegionCounts


class Inside(ConfusionMatrix, Measure):
    """Pixels of each true class (rows) by predicted class, in the region: (C, columns)."""

    name = "region"
    in_region = True

    def problem(
        self, counts: Counts, pixels: NDArray[np.int64], classes: Sequence[str]
    ) -> tuple[int, str] | None:
        """Return a matrix that has more pixels of a class than the frame."""
        wrong = np.argwhere(counts.sum(axis=2) > pixels)  # (N, C, columns) -> (N, C)
        if not len(wrong):
            return None
        index, place = wrong[0].tolist()
        return index, f"has more pixels of {classes[place]} in the region than the frame has"

    def measured(self, like: PixelCounts, columns: int) -> RegionCounts:  # noqa: ARG002
        """Return empty counts of the inside and the outside."""
        from ..region import RegionCounts

        return RegionCounts(len(like.seen), like.draws, like.class_set)
