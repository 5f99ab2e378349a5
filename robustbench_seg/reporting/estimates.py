"""What a report says of a sampled run: its stamp, its marks, and how sure the estimates are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..protocol.condition import CLEAN
from ..reports.document import OpenPart, Plots, Section, changed
from ..reports.style import MUTED, POINTS
from ..reports.table import Cell, Head, Table
from ..reports.text import EN_DASH, percent
from ..runs.run import StoredRun
from ..scores.tables import ALL_CLASSES
from . import tables
from .words import common, count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE = 0.10
"""Width of an interval, as a fraction, above which it is shown in place of the IoU of a class."""

_STRIP = 16 / POINTS
"""Height of the mark of a figure, in inches."""
_UNSURE = "too few images were sampled for a number; this is its 95 % interval"


def mark(run: StoredRun) -> str:
    """Return the mark of a run's tables and figures: "ESTIMATE (10 % done)"; "" for none."""
    return f"ESTIMATE ({100 * run.sample.share:.3g} % done)" if run.sample else ""


def stamp(run: StoredRun) -> str:
    """Return the warning of a run whose scores are estimates; "" for another."""
    if run.sample is None:
        return ""
    return (
        f"{mark(run)}: of the corrupted images, {100 * run.sample.share:.3g} % were predicted, "
        "spread evenly over frames and conditions, and all clean ones; the scores of all are "
        "estimated. The command without --sample and --until goes on to the exact ones"
    )


def marked(section: Section, text: str) -> Section:
    """Return a section of own numbers with a mark, if any, on each table and figure."""
    if section.foreign or not text:
        return section
    return changed(section, partial(_marked, text))


def _marked(text: str, part: OpenPart) -> OpenPart:
    if isinstance(part, Table):
        return replace(part, caption=f"{text}: {part.caption}")
    if isinstance(part, Plots):
        plots = (
            replace(
                plot,
                caption=f"{text}: {plot.caption}",
                label=f"{text}: {plot.label}",
                draw=partial(_drawn, plot.draw, text),
            )
            for plot in part.plots
        )
        return replace(part, plots=tuple(plots))
    return part


def _drawn(draw: Callable[[], Figure], text: str) -> Figure:
    """Return a figure with a mark in a strip above it, since axes and labels fill it."""
    figure = draw()
    width, height = figure.get_size_inches()
    share = height / (height + _STRIP)
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position((box.x0, share * box.y0, box.width, share * box.height))
    figure.set_size_inches(width, height + _STRIP)
    figure.text(0.99, 0.99, text, ha="right", va="top", size=10, weight="bold", color=MUTED)
    return figure


def sampled_table(run: StoredRun) -> Table:
    """Return what was sampled, and both intervals of each headline score."""
    over_sample, over_images = (
        frame[frame["class"] == ALL_CLASSES].set_index(["model", "score"])
        for frame in (run.sampling, run.intervals)
    )
    rows = [
        (
            Cell(run.names[model]),
            Cell(tables.heading(str(score)).text),
            tables.score(over_sample["value"][model, score]),
            *(
                _ends(frame["low"][model, score], frame["high"][model, score])
                for frame in (over_sample, over_images)
            ),
        )
        for model in run.sampled
        for score in run.table("summary").columns
        if score not in ("clean", "pixel_accuracy")  # which are known
    ]
    counts = next(iter(run.pixel_counts.values()))
    seen = [counts.image_count(key) for key in counts.conditions if key != CLEAN.key]
    caption = (
        f"Estimates in percent, from {count(len(run.frames), 'clean image')} and "
        f"{common([str(min(seen)), str(max(seen))]) or f'{min(seen)} to {max(seen)}'} of them "
        "under each corruption and severity. The first interval is where the score of all of these "
        "images is; the second, where that of other images of their kind is. Both at 95 %."
    )
    heads = ("model", "score", "estimate", "all of these images", "other images")
    return Table(caption, tuple(map(Head, heads)), tuple(rows), stub=2, name="sampled-table")


def without_unsure(table: Table, low: pd.DataFrame, high: pd.DataFrame) -> Table:
    """Return a table with intervals in place of the numbers that the sample leaves unsure.

    The last cells of each row are the numbers of the frames `low` and `high`, which have the ends
    of the intervals over the sample.
    """
    ends = np.stack([low, high], axis=-1).astype(float)  # (rows, columns, 2)
    rows = tuple(
        (
            *row[: -ends.shape[1]],
            *(
                Cell(f"{percent(pair[0])}{EN_DASH}{percent(pair[1])}", tooltip=_UNSURE)
                if pair[1] - pair[0] > WIDE
                else cell
                for cell, pair in zip(row[-ends.shape[1] :], pairs, strict=True)
            ),
        )
        for row, pairs in zip(table.rows, ends.tolist(), strict=True)
    )
    return replace(table, rows=rows)


def _ends(low: float, high: float) -> Cell:
    if math.isnan(low):
        return Cell(EN_DASH, tooltip="too few images")
    return Cell(f"{percent(low)}{EN_DASH}{percent(high)}", value=high - low)
