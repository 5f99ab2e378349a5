"""Read the counts of `counters.boundary`: near borders, inside, and for Boundary IoU."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .counters import Counts
from .counters.boundary import EDGES
from .metrics import Matrix


def band_matrices(counts: Counts) -> Matrix:
    """Return the confusion matrices of the band around borders: (..., C, columns)."""
    return counts[..., :-EDGES]  # (..., C, columns + 3) -> (..., C, columns)


def interior_matrices(matrices: Matrix, counts: Counts) -> Matrix:
    """Return the confusion matrices (..., C, columns) without the band.

    Raises InputError where the band has more pixels than its matrix.
    """
    interior = matrices - band_matrices(counts)
    if (interior < 0).any():
        raise InputError("the counts of a cell have more pixels near borders than its matrix")
    return interior


def edge_counts(counts: Counts) -> Counts:
    """Return the pixels of edges, (..., 3, C): in both, of the truth, predicted.

    The IoU of these is Boundary IoU. They go to `PixelCounts.add_counts`.
    """
    return np.moveaxis(counts[..., -EDGES:], -1, -2)  # (..., C, columns + 3) -> (..., 3, C)
