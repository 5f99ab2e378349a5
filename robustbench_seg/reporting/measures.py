"""The names of what is measured beside mIoU, for readers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from ..reports.table import Cell
from ..reports.text import MISSING
from .tables import change, score
from .words import NOT_MEASURED, column_name


class Metric(NamedTuple):
    """A score beside mIoU."""

    title: str
    meaning: str
    percent: bool = True
    """Whether it is a fraction that is shown in percent."""

    def value(self, number: float) -> Cell:
        """Return the cell of a score."""
        if self.percent or math.isnan(number):
            return score(number)
        return Cell(f"{number:.3f}", value=round(number, 6))

    def difference(self, number: float, low: float, high: float) -> Cell:
        """Return the cell of a difference, with its interval below."""
        if self.percent:
            return change(number, low, high)
        if math.isnan(number):
            return Cell(MISSING, tooltip=NOT_MEASURED)
        below = "" if math.isnan(low) else f"{low:+.3f} to {high:+.3f}"
        return Cell(f"{number:+.3f}", value=round(number, 6), below=below)


MIOU = Metric("mIoU", "mean over the classes of intersection over union")
METRICS: Mapping[str, Metric] = {
    "band_miou": Metric("band mIoU", "mIoU of the pixels near the borders of classes"),
    "interior_miou": Metric("interior mIoU", "mIoU of the pixels away from borders"),
    "boundary_iou": Metric("Boundary IoU", "IoU of the edges of the classes (Cheng et al., 2021)"),
}
"""Metric of the tables -> its name and meaning."""


def metric(name: str) -> Metric:
    """Return a metric by its name in the tables."""
    return METRICS.get(name) or Metric(column_name(name).replace("_", " "), "", percent=False)
