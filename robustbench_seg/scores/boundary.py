"""Read the counts of `counters.boundary`: near borders, inside, and for Boundary IoU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from .borders import EDGES
from .metrics import Matrix, class_counts
from .part_counts import PartCounts


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


SCORES = ("band_miou", "interior_miou", "boundary_iou")
"""Mean IoU near borders, away from them, and of edges (Cheng et al., CVPR 2021)."""


class BoundaryCounts(PartCounts):
    """Correct, true and predicted pixels of one model: in the band, inside, and of edges."""

    names = SCORES

    def split(self, matrices: Matrix, counts: Matrix) -> Sequence[Matrix]:
        """Return the counts of the band, the interior and the edges."""
        band, interior = band_matrices(counts), interior_matrices(matrices, counts)
        by_class = (np.stack(class_counts(part), axis=1) for part in (band, interior))  # (N, 3, C)
        return *by_class, edge_counts(counts)
