"""Counts of parts of the images, such as near borders and away from them, and their mean IoUs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .image_counts import DrawKey, ImageCounts
from .measured import Measured
from .metrics import ClassCounts, Matrix, Scores, mean_iou
from .sum_bootstrap import SumBootstrap, sum_bootstraps


class PartCounts(Measured):
    """Correct, true and predicted pixels of one model, by class, in each of several parts."""

    names: ClassVar[tuple[str, ...]]
    """Score of each part: the mean IoU of its pixels."""

    def __init__(self, images: int, draws: Sequence[DrawKey], class_set: NDArray[np.bool_]):
        """Start with zeros; `class_set` is bool (C,)."""
        shape = (3, len(class_set))
        self._parts = {name: ImageCounts(images, draws, shape) for name in self.names}
        self._class_set = class_set

    @abstractmethod
    def split(self, matrices: Matrix, counts: NDArray[np.int64]) -> Sequence[Matrix]:
        """Return correct, true and predicted pixels of each part, (N, 3, C)."""

    def add(
        self,
        images: Sequence[int],
        draws: Sequence[DrawKey],
        matrices: Matrix,
        counts: NDArray[np.int64],
    ) -> None:
        """Keep counts (N, *shape) and the confusion matrices beside them."""
        for part, new in zip(self._parts.values(), self.split(matrices, counts), strict=True):
            part.add_counts(images, draws, new)

    def in_order(self, images: NDArray[np.intp]) -> Self:
        """Return the counts of a selection of the images, in the order of their indices."""
        return self._with({name: part.in_order(images) for name, part in self._parts.items()})

    def only(self, seen: NDArray[np.bool_]) -> Self:
        """Return the counts of a part of what was seen, (images, draws)."""
        return self._with({name: part.only(seen) for name, part in self._parts.items()})

    def _with(self, parts: dict[str, ImageCounts]) -> Self:
        other = copy(self)
        other._parts = parts
        return other

    def scores(self, groups: Sequence[str] | None = None) -> Mapping[str, SumBootstrap]:
        """Return the mean IoU of each part, over the classes with ground truth in it."""
        found: dict[str, SumBootstrap] = {}
        for name, part in self._parts.items():
            found |= sum_bootstraps(part, {name: self._mean_iou}, groups)
        return found

    def _mean_iou(self, sums: NDArray[Any]) -> Scores:
        classes = ClassCounts(*np.moveaxis(sums, -2, 0))  # (..., 3, C) -> 3 x (..., C)
        return mean_iou(classes, self._class_set & (classes.truth > 0))
