"""The section on worst cases: the lowest scores of the suite, and each frame at its worst."""

from __future__ import annotations

import math

from ..reports.document import Section
from ..reports.table import Cell, Head, Table
from ..scores.worst import OF_FRAMES, WORST_COLUMNS
from .report import Report
from .tables import score
from .words import corruption_name


def worst_case(report: Report) -> Section:
    """Return a table of the worst cases of each model."""
    found = report.table("worst")
    rows = [
        (
            Cell(model),
            Cell(case),
            score(value, ends=(low, high)),
            Cell(corruption_name(at)),
            _share(share, "frames" if case in OF_FRAMES else "resamples"),
        )
        for model, case, value, low, high, at, share in found[WORST_COLUMNS].to_numpy().tolist()
    ]
    caption = (
        "Worst cases: mIoU in percent. The lowest score of a corruption and of a category; the "
        "harmonic mean of the corruptions' scores, which is low if one of them is; and the mIoU if "
        "each frame had the corruption and severity that harms it most, among those that count, or "
        "that which harms all frames together most."
    )
    if found["low"].notna().any():
        caption += f" Ranges are 95 % intervals {report.covers}."
    heads = (
        *(Head("model"), Head("worst case"), Head("mIoU")),
        Head("under", tooltip="of frames: the corruption that most of them have"),
        Head("in", tooltip="how often it is this one"),
    )
    table = Table(caption, heads, tuple(rows), stub=2, name="worst-table")
    return Section("Worst case", (table,))


def _share(share: float, of: str) -> Cell:
    """Return a cell such as "98 % of resamples"."""
    return Cell("" if math.isnan(share) else f"{100 * share:.0f} % of {of}")
