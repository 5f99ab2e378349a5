"""The table and the curves of scores by resolution, and the published numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..reports.style import MARKERS, MUTED, RC, SERIES, SURFACE, new_figure, rc_context
from ..reports.table import Cell, Head, Table
from .figures import end_labels, last_point
from .tables import change, highest_of, score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIOU, CHANGE = "miou", "change"
_WIDTH, _HEIGHT = 520.0, 250.0
_SPAN = 5.0
"""Length of the axis of scales, in units of the labels at its end."""


def resolution_table(
    table: pd.DataFrame,
    against: str,
    inputs: Mapping[str, Mapping[str, str]],
    covers: str,
    name: str = "",
) -> Table:
    """Return a table with conditions as rows; for each model mIoU and change, with intervals.

    `table` is a run's table "resolution", `against` the condition that changes refer to, and
    `inputs` the input sizes in words: model -> condition -> "256x128".
    """
    ends = ("low", "high", "change_low", "change_high")
    numbers = table[[MIOU, CHANGE, *ends]].astype(float)
    known = numbers[["low", "high"]].notna().to_numpy().any()
    highest = highest_of(table[[MIOU]])
    rows = []
    for condition in table.index.unique(level="condition"):
        cells = [Cell(str(condition)), Cell(_inputs(condition, inputs))]
        for model in inputs:
            miou, moved, low, high, *of_change = numbers.loc[[(model, condition)]].to_numpy()[0]
            cells += [score(miou, highest, ends=(low, high)), change(moved, *of_change)]
        rows.append(tuple(cells))
    caption = (
        f"mIoU in percent by condition, and its change in points from {against}. Input: width x "
        "height at which the networks see the frames."
    )
    if known:
        caption += (
            f" Ranges are 95 % intervals {covers}; those of changes resample the images in pairs."
        )
    heads = (
        Head("mIoU", tooltip="in percent"),
        Head("change", tooltip=f"mIoU minus that of {against}, in points"),
    )
    return Table(
        caption=caption,
        columns=heads * len(inputs),
        rows=tuple(rows),
        groups=(
            Head("condition", whole_height=True),
            Head("input", whole_height=True),
            *(Head(model, span=2) for model in inputs),
        ),
        stub=2,
        name=name,
    )


def _inputs(condition: str, inputs: Mapping[str, Mapping[str, str]]) -> str:
    return " / ".join(dict.fromkeys(by_condition[condition] for by_condition in inputs.values()))


@rc_context(RC)
def curves(table: pd.DataFrame, unit: str, column: str) -> Figure:
    """Draw a column of the table against the scale: a line per model, window and corruption.

    `unit` is "scale" or "short side". The axis of scales is logarithmic; no change is dashed.
    """
    figure = new_figure(_WIDTH, _HEIGHT)
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
        ends.append(last_point(x.tolist(), y))
    end_labels(axes, names, ends, limits)
    return figure


def _limits(axes: Axes, values: np.ndarray) -> tuple[float, float]:
    """Set the ticks of y, and return its limits: multiples of 10 around 0 and all values."""
    finite = values[~np.isnan(values)]
    lowest = finite.min(initial=0)
    low = 10 * math.floor((lowest - 1) / 10) if lowest else 0
    high = 10 * math.ceil((finite.max(initial=0) + 1) / 10)
    axes.set_yticks(np.arange(low, high + 1, 10 if high - low <= 60 else 20))
    return low, high


def _across(values: np.ndarray, all_values: np.ndarray) -> np.ndarray:
    """Return places on the axis, where equal ratios are equally far apart."""
    octaves = np.log2(values / all_values[0])
    whole = np.log2(all_values[-1] / all_values[0])
    places: np.ndarray = octaves * (_SPAN / whole if whole else 0)
    return places
