"""The section on the frames that lost most."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..reports.document import OpenPart, Section
from ..reports.table import Cell, Head
from ..scores.breakdowns import frame_breakdown
from . import tables
from .examples import error_gallery
from .report import Report
from .tables import HEADINGS, change, score
from .words import corruption_name, count

_MOST, _SHOWN = 5, 3
"""Frames in the report of a run: in the table, and with pictures."""


def lost_most(report: Report) -> Section | None:
    """Return the frames of a run that lost most, with the errors where predictions are kept."""
    policy, run = report.spec.suite.policy, report.run
    counted = run.pixel_counts if len(run.frames) > 1 else {}
    if policy is None or report.spec.taken or not counted:
        return None
    frames = pd.concat(
        {
            report.names[model]: frame_breakdown(counts, policy).set_axis(list(run.frames))
            for model, counts in counted.items()
        },
        names=["model", "frame"],
    )
    ranked = _ranked(frames)
    kept = {each.frame for each in report.pictures}
    places = {frame: place for place, frame in enumerate(ranked, start=1) if frame in kept}
    shown = {
        frame: f"number {place} of {len(ranked)}" for frame, place in list(places.items())[:_SHOWN]
    }
    further: list[OpenPart] = []
    if len(kept) > 1 and (gallery := error_gallery(report.pictures, shown, report.spec.classes)):
        about = f"Predictions are kept of the first {len(kept)} frames, of which these lost most."
        further = [about, gallery]
    return section(frames, report.models, _MOST, *further)


def section(
    frames: pd.DataFrame, models: Sequence[str], most: int, *further: OpenPart
) -> Section | None:
    """Return a table with a row for each model on each of the frames that lost most, and more.

    `frames` has the index (model, frame) and columns as `scores.breakdowns.frame_breakdown`. None
    if no frame has all scores.
    """
    names = _ranked(frames)[:most]
    if not names:
        return None
    columns = ["clean", "suite", "change", "worst", "worst_miou"]
    table = tables.frame_table(
        frames[columns].loc[[(model, name) for name in names for model in models]].swaplevel(),
        f"The {count(len(names), 'frame')} that lost most in the mean over the models: mIoU in "
        "percent of each frame alone, over the classes that it shows. A single image has no "
        "interval, and no score is a mean of these numbers.",
        [score, score, change, lambda condition: Cell(corruption_name(condition)), score],
        columns=(
            Head("frame"),
            Head("model"),
            Head("clean"),
            Head("suite", tooltip=HEADINGS["suite"][1]),
            Head("change", tooltip="percentage points"),
            Head("lowest under"),
            Head("mIoU there"),
        ),
    )
    return Section("Frames that lost most", (table, *further), terminal=False)


def _ranked(frames: pd.DataFrame) -> list[str]:
    """Return the frames by the mIoU that they lost in the mean over the models, worst first."""
    lost = frames["change"].astype(float).groupby(level=1, sort=False).mean()
    return [str(name) for name in lost.dropna().sort_values(kind="stable").index]
