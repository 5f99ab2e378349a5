"""Read the counts of `counters.boundary`: near borders, inside, and for Boundary IoU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .borders import EDGES
from .image_counts import DrawKey, ImageCounts
from .measured import Measured
from .metrics import ClassCounts, Matrix, Scores, class_counts, mean_iou
from .sum_bootstrap import SumBootstrap, sum_bootstraps


def band_matrices(counts: Matrix) -> Matrix:
    """Return the confusion matrices of the band around borders: (..., C, columns)."""
    return counts[..., :-EDGES]  # (..., C, columns + 3) -> (..., C, columns)


def interior_matrices(matrices: Matrix, counts: Matrix) -> Matrix:
    """Return the confusion matrices (..., C, columns) without the band.

    Raises InputError where the band has more pixels than its matrix.
    """
    interior = matrices - band_matrices(counts)
    if (interior < 0).any():
        raise InputError("the counts of a cell have more pixels near borders than its matrix")
    return interior


def edge_counts(counts: Matrix) -> Matrix:
    """Return the pixels of edges, (..., 3, C): in both, of the truth, predicted.

    The IoU of these is Boundary IoU.
    """
    return np.moveaxis(counts[..., -EDGES:], -1, -2)  # (..., C, columns + 3) -> (..., 3, C)


class BoundaryCounts(Measured):
    """Correct, true and predicted pixels of one model: in the band, inside, and of edges."""

    def __init__(self, images: int, draws: Sequence[DrawKey], class_set: NDArray[np.bool_]):
        """Start with zeros; `class_set` is bool (C,)."""
        shape = (3, len(class_set))
        self._parts = {name: ImageCounts(images, draws, shape) for name in SCORES}
        self._class_set = class_set

    def add(
        self, images: Sequence[int], draws: Sequence[DrawKey], matrices: Matrix, counts: Matrix
    ) -> None:
        """Keep counts (N, C, columns + 3) and the confusion matrices beside them."""
        band, interior = band_matrices(counts), interior_matrices(matrices, counts)
        by_class = (np.stack(class_counts(part), axis=1) for part in (band, interior))  # (N, 3, C)
        found = (*by_class, edge_counts(counts))
        for part, new in zip(self._parts.values(), found, strict=True):
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
        """Return mean IoUs: `band_miou`, `interior_miou` and `boundary_iou`."""
        found: dict[str, SumBootstrap] = {}
        for name, part in self._parts.items():
            found |= sum_bootstraps(part, {name: self._mean_iou}, groups)
        return found

    def _mean_iou(self, sums: NDArray[Any]) -> Scores:
        classes = ClassCounts(*np.moveaxis(sums, -2, 0))  # (..., 3, C) -> 3 x (..., C)
        return mean_iou(classes, self._class_set & (classes.truth > 0))


SCORES = ("band_miou", "interior_miou", "boundary_iou")
"""Mean IoU near borders, away from them, and of edges (Cheng et al., CVPR 2021)."""
