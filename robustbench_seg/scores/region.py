"""Read the counts of `counters.region`: inside of the run's region, and outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from .metrics import Matrix, class_counts
from .part_counts import PartCounts

SCORES = ("inside_miou", "outside_miou")
"""Mean IoU of the pixels in the region, and of all others."""


class RegionCounts(PartCounts):
    """Correct, true and predicted pixels of one model: inside of the region, and outside."""

    names = SCORES

    def split(self, matrices: Matrix, counts: Matrix) -> Sequence[Matrix]:
        """Return the counts of both parts, which together are those of the matrices.

        Raises InputError where there are more pixels inside than in all.
        """
        outside = matrices - counts
        if (outside < 0).any():
            raise InputError("the counts of a cell have more pixels in the region than its matrix")
        return [np.stack(class_counts(part), axis=1) for part in (counts, outside)]  # (N, 3, C)
