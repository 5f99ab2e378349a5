"""The parts of a report of resolutions: the table by condition, the curves, the published row."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import parts, published, tables
from .figures import POINTS, end_labels
from .report import ResolutionReport
from .style import MARKERS, MUTED, RC, SERIES, SURFACE
from .svg import inline_svg
from .table import Cell, Head, Table
from .text import MISSING, percent, points

MIOU, CHANGE = "miou", "change"
_WIDTH, _HEIGHT = 520.0, 250.0
_SPAN = 5.0
"""How long the axis of scales is, in units of the labels at its end."""


def context(report: ResolutionReport) -> dict[str, object]:
    """Return what the template of resolutions shows besides the texts of the report."""
    against = report.against
    return {
        "table": parts.table(resolution_table(report), "resolution-table"),
        "curves": [
            ("mIoU in percent", _curves(report, MIOU, "mIoU in percent")),
            (f"change against {against}, in points", _curves(report, CHANGE, "change in points")),
        ],
        "classes": [
            (model, parts.table(class_table(report.class_table, model), f"classes-{number}"))
            for number, model in enumerate(report.models, start=1)
        ],
        "published": parts.table(table_1c(), "published-table1c"),
    }


def resolution_table(report: ResolutionReport) -> Table:
    """Set conditions as rows, and for each model its mIoU, the interval of that, and the change."""
    ends = ["low", "high", "change_low", "change_high"]
    numbers = report.table[[MIOU, CHANGE, *ends]].astype(float)
    measured = numbers[["low", "high"]].notna().to_numpy().any()
    heads = [Head("mIoU", tooltip="in percent")]
    if measured:
        heads.append(Head("95 %", tooltip="interval of the mIoU"))
    heads.append(Head("change", tooltip=f"mIoU minus that of {report.against}, in points"))
    if measured:
        heads.append(Head("95 %", tooltip="interval of the change, the images resampled in pairs"))
    highest = tables.highest_of(report.table[[MIOU]])
    rows = []
    for condition in report.conditions:
        cells = [Cell(condition), Cell(_input(report, condition))]
        for model in report.models:
            miou, change, *ends_of = numbers.loc[[(model, condition)]].to_numpy()[0]
            cells.append(tables.score(miou, highest))
            if measured:
                cells.append(Cell(_interval(*map(percent, ends_of[:2]))))
            value = None if math.isnan(change) else round(change, 6)
            cells.append(Cell(points(change), value=value))
            if measured:
                cells.append(Cell(_interval(*map(points, ends_of[2:]))))
        rows.append(tuple(cells))
    return Table(
        caption=f"mIoU in percent by condition, and its change in points against {report.against}. "
        "Input: width x height at which the networks see the frames.",
        columns=tuple(heads * len(report.models)),
        rows=tuple(rows),
        groups=(
            Head("condition", whole_height=True),
            Head("input", whole_height=True),
            *(Head(model, span=len(heads)) for model in report.models),
        ),
        stub=2,
    )


def class_table(frame: pd.DataFrame, model: str) -> Table:
    """Set the classes of one model as rows, the conditions as columns."""
    own = frame.loc[[model]].droplevel(0)
    highest = tables.highest_of(own)
    return Table(
        f"IoU of each class in percent, {model}.",
        (Head("class"), *(Head(str(condition)) for condition in own.columns)),
        tuple(
            (Cell(str(name)), *(tables.score(float(value), highest) for value in values))
            for name, values in zip(own.index, own.to_numpy(dtype=float), strict=True)
        ),
    )


def table_1c() -> Table:
    """Set the published encoders as rows, their two inputs as columns."""
    frame = published.segformer_table1c()
    return Table(
        "Published: SegFormer (arXiv 2105.15203v3), Table 1c, on Cityscapes. mIoU in percent; the "
        "change, in points, is computed from the printed numbers.",
        (Head("encoder"), *(Head(str(column)) for column in frame.columns)),
        tuple(
            (
                Cell(str(encoder)),
                *(tables.score(float(value)) for value in values[:-1]),
                Cell(points(float(values[-1])), value=float(values[-1])),
            )
            for encoder, values in zip(frame.index, frame.to_numpy(dtype=float), strict=True)
        ),
    )


@rc_context(RC)
def curves(table: pd.DataFrame, unit: str, column: str) -> Figure:
    """Draw a column of the table against the scale: one line a model, window and corruption.

    The axis of scales is logarithmic; a dashed line is at no change.
    """
    figure = Figure(figsize=(_WIDTH / POINTS, _HEIGHT / POINTS))
    axes = figure.add_axes((44 / _WIDTH, 40 / _HEIGHT, 290 / _WIDTH, 200 / _HEIGHT))
    placed = table[table["value"].notna()]
    values = np.unique(placed["value"].to_numpy(dtype=float))
    limits = _limits(axes, 100 * placed[column].to_numpy(dtype=float))
    axes.set(xlim=(-0.25, _SPAN + 0.2), ylim=limits)
    axes.set_xticks(_across(values, values), [f"{value:g}" for value in values])
    axes.grid(axis="y")
    axes.tick_params(length=0)
    axes.set_xlabel("scale" if unit == "scale" else "short side in pixels", labelpad=3)
    if column == CHANGE:
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    names: list[str] = []
    ends: list[tuple[float, float] | None] = []
    lines = placed.reset_index().groupby(["model", "line"], sort=False)
    for number, ((model, line), rows) in enumerate(lines):
        x = _across(rows["value"].to_numpy(dtype=float), values)
        y = 100 * rows[column].to_numpy(dtype=float)
        color, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
        axes.plot(x, y, marker=marker, color=color, linewidth=1.8, markersize=5, mec=SURFACE)
        names.append(f"{model}, {line}" if line else str(model))
        last = np.flatnonzero(~np.isnan(y))
        ends.append((float(x[last[-1]]), float(y[last[-1]])) if last.size else None)
    end_labels(axes, names, ends, limits)
    return figure


def _limits(axes: Axes, values: np.ndarray) -> tuple[float, float]:
    """Set the ticks of y, and return its limits: multiples of 10 that hold 0 and all values."""
    finite = values[~np.isnan(values)]
    low = 10 * math.floor(min(finite.min(initial=0) - 1, 0) / 10) if finite.min(initial=0) else 0
    high = 10 * math.ceil((finite.max(initial=0) + 1) / 10)
    axes.set_yticks(np.arange(low, high + 1, 10 if high - low <= 60 else 20))
    return low, high


def _across(values: np.ndarray, all_values: np.ndarray) -> np.ndarray:
    """Return places on the axis: equal ratios are equally far apart."""
    octaves = np.log2(values / all_values[0])
    whole = np.log2(all_values[-1] / all_values[0])
    places: np.ndarray = octaves * (_SPAN / whole if whole else 0)
    return places


def _curves(report: ResolutionReport, column: str, what: str) -> Markup:
    figure = curves(report.table, report.unit, column)
    names = ", ".join(report.models)
    label = (
        f"Curves of {names}: {what} against the {report.unit}. The numbers are in the table by "
        "condition."
    )
    return inline_svg(figure, f"curves-{column}", label)


def _input(report: ResolutionReport, condition: str) -> str:
    return " / ".join(dict.fromkeys(report.inputs[model][condition] for model in report.models))


def _interval(low: str, high: str) -> str:
    return MISSING if MISSING in (low, high) else f"{low} to {high}"
