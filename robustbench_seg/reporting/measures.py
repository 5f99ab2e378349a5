"""The names of what is measured beside mIoU, for readers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from ..reports.table import Cell
from ..reports.text import MISSING, percent
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
    "miou": MIOU,
    "inside_miou": Metric("inside mIoU", "mIoU of the pixels in the region that is corrupted"),
    "outside_miou": Metric("outside mIoU", "mIoU of the pixels outside of the region, all clean"),
    "band_miou": Metric("band mIoU", "mIoU of the pixels near the borders of classes"),
    "interior_miou": Metric("interior mIoU", "mIoU of the pixels away from borders"),
    "boundary_iou": Metric("Boundary IoU", "IoU of the edges of the classes (Cheng et al., 2021)"),
    "ece": Metric("ECE", "expected calibration error, of 15 equally wide bins"),
    "ece_equal_mass": Metric("ECE, equal mass", "the same of 15 bins with equal numbers of pixels"),
    "mce": Metric("MCE", "largest |confidence - accuracy| of the 15 equal bins"),
    "mean_confidence": Metric("mean confidence", "above the pixel accuracy: the model is too sure"),
    "brier": Metric("Brier score", "squared error of the probabilities of all classes, 0 to 2"),
    "auroc": Metric("AUROC", "probability that a right pixel is surer than a wrong one"),
    "fpr95": Metric("FPR95", "share of wrong pixels as sure as the surest 95 % of right ones"),
    "aurc": Metric("AURC", "mean share of wrong pixels among the surest, over all numbers of them"),
    "e_aurc": Metric("E-AURC", "AURC minus that of confidences that tell all errors"),
    **{
        f"accuracy_surest_{share}": Metric(
            f"accuracy, surest {share} %", f"share of right pixels among the surest {share} %"
        )
        for share in (50, 80, 95)
    },
    "nll": Metric("NLL", "negative log-likelihood of the true class, in nats", percent=False),
    "top_label_brier": Metric("top-label Brier score", "mean squared error of the confidence"),
    "top_label_nll": Metric("top-label NLL", "the same of the confidence, in nats", percent=False),
}
"""Metric of the tables -> its name and meaning."""


_HEADLINE = ("inside_miou", "outside_miou", "boundary_iou", "ece", "aurc")
"""Measures that the headline block shows."""


def headline_lines(table: pd.DataFrame, model: str) -> tuple[tuple[str, Cell], ...]:
    """Return the main measures of a model from the table "measures": clean, and over the suite."""
    found = table[table["model"] == model].set_index(["metric", "score"])["value"].to_dict()
    lines = []
    for name in _HEADLINE:
        clean, suite = (found.get((name, end), math.nan) for end in ("clean", "suite score"))
        if not math.isnan(clean):
            text, own = f"{percent(clean)} \u2192 {percent(suite)}", METRICS[name]
            lines.append((own.title, Cell(text, tooltip=f"clean and suite: {own.meaning}")))
    return tuple(lines)


def metric(name: str) -> Metric:
    """Return a metric by its name in the tables."""
    return METRICS.get(name) or Metric(column_name(name).replace("_", " "), "", percent=False)
