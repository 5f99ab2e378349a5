"""The figures of a run: pure functions from scores to a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..reports.style import (
    INK,
    MARKERS,
    MUTED,
    RC,
    SERIES,
    SURFACE,
    new_figure,
    rc_context,
    score_colors,
)
from ..reports.text import MISSING
from .axes import ROW, draw_curve, draw_heat_map, label_severities, percent_top
from .intervals import IntervalTable
from .words import short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@rc_context(RC)
def heat_map(
    scores: pd.DataFrame, counted: Mapping[str, tuple[float, ...]], highest: float
) -> Figure:
    """Draw the scores of one model by corruption and severity; hatched ones do not count.

    `scores` has the index (category, corruption), one column per severity, mIoU in [0, 1]; the
    colours run from 0 to `highest`.
    """
    rows = len(scores)
    left, right, top, bottom = 110.0, 2.0, 44.0, 2.0
    width, height = 440.0, top + ROW * rows + bottom
    figure = new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    )
    draw_heat_map(axes, scores, counted, highest, score_colors(), SURFACE)
    axes.xaxis.tick_top()
    axes.set_xlabel("severity", labelpad=7)
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelcolor=INK)
    return figure


def label_curves(axes: Axes, severities: Sequence[float], top: int) -> None:
    """Label the axes of mIoU, 0 to `top` in percent, against severity; 0 is clean."""
    label_severities(axes, severities)
    axes.set_yticks(np.arange(0, top + 1, 10 if top <= 50 else 20))
    axes.grid(axis="y")
    axes.tick_params(length=0)


@rc_context(RC)
def severity_curves(
    found: IntervalTable,
    counted: Mapping[str, tuple[float, ...]],
    category: str,
    clean: float,
    highest: float,
) -> Figure:
    """Draw mIoU against severity: one line per corruption of a category, and clean as reference.

    `found` has the index corruption, one column per severity, mIoU in [0, 1]. Bands are intervals.
    Severities that do not count have hollow marks on a dotted line.
    """
    figure = new_figure(330, 216)
    axes = figure.add_axes((34 / 330, 36 / 216, 204 / 330, 168 / 216))
    severities = [float(severity) for severity in found.value.columns]
    top = percent_top(highest)
    axes.set(xlim=(-0.35, max(severities) + 0.2), ylim=(0, top))
    label_curves(axes, severities, top)
    axes.axhline(100 * clean, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    ends = []
    for number, corruption in enumerate(found.value.index):
        counts = counted.get(str(corruption), ())
        own = found.rows([corruption])
        curve(axes, clean, own, counts, look(number))
        ends.append(last_point(severities, 100 * own.value.to_numpy(float)[0]))
    names = [short_name(str(corruption), category) for corruption in found.value.index]
    end_labels(axes, names, ends, (0, top))
    return figure


def curve(
    axes: Axes, clean: float, found: IntervalTable, counts: Collection[float], look: tuple[str, str]
) -> None:
    """Draw a curve with a colour and mark of the report: see `draw_curve`."""
    color, marker = look
    style = {"color": color, "marker": marker, "markersize": 5, "linewidth": 1.8}
    draw_curve(axes, clean, found, counts, SURFACE, **style)


def look(number: int) -> tuple[str, str]:
    """Return colour and mark of a line; after eight lines the marks shift by one."""
    marker = MARKERS[(number + number // len(SERIES)) % len(MARKERS)]
    return SERIES[number % len(SERIES)], marker


def last_point(x: Sequence[float], y: np.ndarray) -> tuple[float, float] | None:
    """Return the last point whose y is not NaN; None without one."""
    measured = np.flatnonzero(~np.isnan(y))
    return (float(x[measured[-1]]), float(y[measured[-1]])) if measured.size else None


def end_labels(
    axes: Axes,
    names: Sequence[str],
    ends: Sequence[tuple[float, float] | None],
    limits: tuple[float, float],
) -> None:
    """Label each line at its right end; labels move apart where ends are close, within `limits`.

    A line without measured points is labelled at the bottom, with a dash.
    """
    leader = axes.get_xlim()[1] + 0.3
    low, high = limits
    gap = (high - low) * 14 / 168
    heights = [low if end is None else end[1] for end in ends]
    places = spread(heights, gap, (low + gap / 2, high - gap / 2))
    for number, (name, end, place) in enumerate(zip(names, ends, places, strict=True)):
        color = MUTED if end is None else SERIES[number % len(SERIES)]
        if end is not None:
            start = end[0] + 0.18
            axes.plot([start, leader], [end[1], place], color=MUTED, linewidth=0.6, clip_on=False)
        text = f"{name} {MISSING}" if end is None else name
        axes.text(leader + 0.08, place, text, color=color, va="center_baseline")


def spread(values: Sequence[float], gap: float, limits: tuple[float, float]) -> list[float]:
    """Return places near the values, in their order, at least `gap` apart and within the limits.

    Values that are too close form a block around their mean. More values than fit exceed the
    limits.
    """
    low, high = limits
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(values))
    # Places less their steps only have to rise.
    rising = isotonic(np.take(values, order) - steps)
    places = np.empty(len(values))
    places[order] = steps + np.maximum(np.minimum(rising, high - steps[-1]), low)
    return [float(place) for place in places]


def isotonic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers (N,) that are nearest to values and never fall (isotonic regression).

    SciPy has the same, but takes longer to import than all figures of a report to draw.
    """
    ends = np.append(0.0, np.cumsum(values))
    first, last = np.indices((len(values), len(values)))
    runs = np.tri(len(values), dtype=bool).T  # from a value, a row, to itself or a later one
    means = np.full(runs.shape, np.inf)
    np.divide(ends[last + 1] - ends[first], last - first + 1, out=means, where=runs)
    # The lowest mean of those that end at a value or later; of these the highest.
    lowest = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.where(runs, lowest, -np.inf).max(axis=0))
