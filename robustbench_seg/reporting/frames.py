"""The section on the frames that lost most."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..reports.document import Section
from ..reports.table import Cell, Head
from ..scores.breakdowns import frame_breakdown
from . import tables
from .report import Report
from .tables import HEADINGS, change, score
from .words import corruption_name, count

_MOST = 5
"""Frames in the report of a run."""


def lost_most(report: Report) -> Section | None:
    """Return the frames of a run that lost most, and where those with pictures stand."""
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
    pictured = dict.fromkeys(each.frame for each in report.examples if each.frame in ranked)
    places = [
        f"The run keeps pictures of {frame}, which is number {ranked.index(frame) + 1} of "
        f"{len(ranked)} by its loss."
        for frame in pictured
    ]
    return section(frames, report.models, _MOST, *places)


def section(frames: pd.DataFrame, models: Sequence[str], most: int, *notes: str) -> Section | None:
    """Return a table with a row for each model on each of the frames that lost most.

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
    return Section("Frames that lost most", (*notes, table), terminal=False)


def _ranked(frames: pd.DataFrame) -> list[str]:
    """Return the frames by the mIoU that they lost in the mean over the models, worst first."""
    lost = frames["change"].astype(float).groupby(level=1, sort=False).mean()
    return [str(name) for name in lost.dropna().sort_values(kind="stable").index]
