"""The figures of a comparison: pure functions from its numbers to a matplotlib Figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...reports.style import INK, MUTED, RC, RULE, SURFACE, rc_context
from ..axes import draw_intervals, row_height
from ..figures import look
from ..model_figures import short, with_legend
from ..tables import score_name
from .description import ComparisonData

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE = 760.0
"""Points of a figure that has a row of the page to itself."""


@rc_context(RC)
def scatter(comparison: ComparisonData) -> Figure:
    """Draw the suite score of each model against its clean mIoU, with 95 % intervals.

    Dashed lines join points of equal retention. Published models are hollow grey points.
    """
    found = comparison.summary
    plain = [item.table.droplevel(0, axis="columns") for item in comparison.printed]
    published = pd.concat(plain)[["clean", "mean"]].astype(float) if plain else None
    looks: dict[str, int | None] = dict(_looks(comparison))
    if plain:
        looks["published, measured elsewhere"] = None
    figure, axes = with_legend(looks, 300.0, left=48.0, bottom=40.0)
    numbers = [
        frame[["clean", "suite score"]].to_numpy(float)
        for frame in (found.value, found.low, found.high)
    ]
    drawn = [*numbers, *([published.to_numpy()] if published is not None else [])]
    low, high = _limits(np.concatenate(drawn))
    for share in (1.0, 0.8, 0.6, 0.4, 0.2):
        axes.plot([0, 100], [0, 100 * share], color=RULE, linewidth=1, linestyle=(0, (4, 3)))
        if low < share * high:
            _name_line(axes, share, (low, high))
    for number, (value, below, above) in enumerate(zip(*numbers, strict=True)):
        if np.isnan(value).any():
            continue
        color, marker = look(number)
        for axis in (0, 1):
            if not np.isnan([below[axis], above[axis]]).any():
                ends = np.array([value, value])
                ends[:, axis] = below[axis], above[axis]
                axes.plot(*(100 * ends.T), color=color, linewidth=1.2)
        axes.plot(*(100 * value), marker, color=color, markersize=8, mec=SURFACE)
    if published is not None:
        axes.plot(*(100 * published.to_numpy().T), "o", color=MUTED, mfc="none", markersize=5)
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.set_xlabel("clean mIoU in percent", labelpad=3)
    axes.set_ylabel("suite score in percent", labelpad=3)
    axes.tick_params(length=0)
    return figure


@rc_context(RC)
def differences(comparison: ComparisonData) -> Figure:
    """Draw the difference of each score with its interval, and a line at 0."""
    table = comparison.differences.astype(float)
    scores = list(dict.fromkeys(map(str, table.index.get_level_values("score"))))
    names = [score_name(name) for name in scores]
    label = f"points against {short(comparison.baseline)}"
    return _dots(comparison, table[["difference", "low", "high"]], scores, names, label)


@rc_context(RC)
def classes(comparison: ComparisonData) -> Figure:
    """Draw the share of its clean IoU that each class keeps."""
    order = comparison.lost_first()
    table = comparison.classes[["retention", "retention_low", "retention_high"]].astype(float)
    return _dots(comparison, table, order, order, "kept of the clean IoU, in percent")


def _dots(
    comparison: ComparisonData,
    table: pd.DataFrame,
    keys: Sequence[str],
    rows: Sequence[str],
    label: str,
) -> Figure:
    """Draw values with intervals, a row from the top for each key, named as in `rows`.

    `table` has the index (model, key), and three columns: value, low, high.
    """
    models = [model for model in comparison.models if model in table.index]
    looks = {model: number for model, number in _looks(comparison).items() if model in models}
    height = row_height(len(models)) * len(rows)
    figure, axes = with_legend(looks, height, left=124.0, bottom=36.0, width=_WIDE)
    series = []
    for model, number in looks.items():
        color, marker = look(number)
        numbers = 100 * table.loc[[(model, key) for key in keys]].to_numpy(float).T
        style = {"color": color, "marker": marker, "markersize": 5, "mec": SURFACE}
        series.append((numbers, style))
    draw_intervals(axes, rows, series)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(axis="x")
    axes.set_xlabel(label, labelpad=3)
    return figure


def _looks(comparison: ComparisonData) -> dict[str, int]:
    return {model: number for number, model in enumerate(comparison.models)}


def _limits(points: np.ndarray) -> tuple[float, float]:
    """Return multiples of 10, in percent, around all points (N, 2)."""
    finite = 100 * points[~np.isnan(points)]
    if not finite.size:
        return 0.0, 100.0
    return 10 * math.floor((finite.min() - 1) / 10), 10 * math.ceil((finite.max() + 1) / 10)


def _name_line(axes: Axes, share: float, limits: tuple[float, float]) -> None:
    """Label a line with its retention, at its right end or at the top."""
    low, high = limits
    x = min(high, high / share) - 0.015 * (high - low)
    text = f"{100 * share:.0f} % kept"
    y = share * x + 0.012 * (high - low)
    axes.text(x, y, text, color=MUTED, ha="right", va="bottom", fontsize=9)
