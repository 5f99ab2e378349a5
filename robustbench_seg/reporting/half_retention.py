"""The section on the severity at which half of clean mIoU is left: curves and a table."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from ..reports.document import Plot, Plots, Section, file_name
from ..reports.style import SURFACE
from ..reports.table import Cell, Head, Table
from ..reports.text import EN_DASH, MISSING, percent
from ..scores.breakdowns import suite_curve
from ..scores.half_retention import MEAN
from .figures import look
from .intervals import IntervalTable, estimated
from .model_figures import category_curves
from .report import Report
from .words import NOT_MEASURED, corruption_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CURVES = 6
"""Most corruptions of which each has a figure; of more, their mean alone has one."""


def half_retention(report: Report) -> Section:
    """Return where the curves of each model reach half of clean mIoU."""
    found = report.table("half_retention")
    severities = [float(severity) for severity in report.table("severities").columns]
    plots = tuple(
        Plot(
            name=file_name("half-retention", name),
            caption=f"{_name(name)}: mIoU in percent",
            label=f"mIoU in percent against severity under {_name(name)} for "
            f"{', '.join(report.models)}, with the severity at which half of clean mIoU is left. "
            "The numbers are in the table.",
            draw=partial(
                half_curves,
                *(curves, report.with_intervals("summary"), name, counts),
                dict(found[found["corruption"] == name][["model", "value"]].to_numpy().tolist()),
            ),
        )
        for name, (curves, counts) in _curves(report).items()
    )
    note = "Marks at half of clean mIoU are where a curve reaches it first."
    table = half_table(found, severities, report.covers, "half-retention-table")
    return Section("Half of clean mIoU", (Plots("", plots, note), table), short="Half")


def _curves(report: Report) -> Mapping[str, tuple[IntervalTable, Collection[float]]]:
    """Return the curves that are drawn, with the severities that count, by name."""
    policy = report.spec.suite.policy
    assert policy is not None
    if len(policy.columns) <= _MOST_CURVES:
        own = report.with_intervals("severities")
        curves = own.apply(lambda frame: frame.droplevel("category"))
        return {each.corruption: (curves, each.counted) for each in policy.columns}
    models = zip(report.models, report.run.bootstraps.values(), strict=True)
    rows = {
        model: (suite_curve(scores.values, policy), suite_curve(scores.samples, policy))
        for model, scores in models
    }
    mean = estimated(rows).apply(lambda frame: pd.concat({MEAN: frame}).swaplevel())
    return {MEAN: (mean, policy.severities)}


def half_curves(
    curves: IntervalTable,
    summary: IntervalTable,
    name: str,
    counts: Collection[float],
    halves: Mapping[str, float],
) -> Figure:
    """Draw curves as `category_curves`, and a mark where each model has half of its clean mIoU."""
    figure = category_curves(curves, summary, name, counts)
    axes = figure.axes[0]
    for number, (model, clean) in enumerate(summary.value["clean"].astype(float).items()):
        place = halves[str(model)]
        if math.isfinite(place):
            color, _ = look(number)
            half = 100 * clean / 2
            axes.plot([place, place], [0, half], color=color, linewidth=1, linestyle=(0, (2, 2)))
            axes.plot([place], [half], "X", color=color, mec=SURFACE, markersize=9, zorder=3)
    return figure


def half_table(found: pd.DataFrame, severities: list[float], covers: str, name: str = "") -> Table:
    """Return a table with a row for each corruption and a column for each model."""
    lowest, highest = min(severities), max(severities)
    models = list(dict.fromkeys(found["model"]))
    rows = [
        (
            Cell(_name(str(corruption))),
            *(
                _cell(row, lowest)
                for row in own[["value", "low", "high", "kept"]].to_numpy(float).tolist()
            ),
        )
        for corruption, own in found.groupby("corruption", sort=False)
    ]
    caption = (
        "Severity at which mIoU first falls to half of clean mIoU, interpolated between the "
        f"severities that were run. Where it does not, in brackets what is kept at {highest:g}, in "
        "percent."
    )
    if found["low"].notna().any():
        caption += f" Ranges are 95 % intervals {covers}."
    return Table(caption, (Head("corruption"), *map(Head, models)), tuple(rows), name=name)


def _name(corruption: str) -> str:
    return "mean over the corruptions" if corruption == MEAN else corruption_name(corruption)


def _cell(numbers: list[float], lowest: float) -> Cell:
    value, low, high, kept = numbers
    if math.isnan(value):
        return Cell(MISSING, tooltip=NOT_MEASURED)
    text = _severity(value, lowest)
    if value == math.inf:
        text += f" ({percent(kept)})"
    varies = not math.isnan(low) and low != high
    ends = f"{_severity(low, lowest)}{EN_DASH}{_severity(high, lowest)}" if varies else ""
    return Cell(text, value=value if math.isfinite(value) else None, below=ends)


def _severity(value: float, lowest: float) -> str:
    if math.isinf(value):
        return "not reached" if value > 0 else f"below {lowest:g}"
    return f"{value:.1f}"
