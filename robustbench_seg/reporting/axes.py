"""Drawing on axes, shared by reports, papers and users' own figures.

Colours and sizes that are not passed are those of matplotlib's settings.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..reports.style import text_on
from ..reports.text import percent
from .intervals import IntervalTable
from .words import corruption_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

ROW: Final = 24.0
_MARK: Final = 7.0
"""Heights in points, of a row of a figure and of one of several marks in it."""

MOST_LABELS: Final = 12
"""Most severities of which each has its label and its number."""

Numbers = NDArray[np.float64]
"""Values and the ends of their intervals, (3, N), in percent; NaN: unknown."""


def draw_heat_map(
    axes: Axes,
    scores: pd.DataFrame,
    counted: Mapping[str, tuple[float, ...]],
    highest: float,
    colors: Colormap,
    surface: str,
) -> None:
    """Draw scores in [0, 1] by corruption and severity, in percent; hatched ones do not count.

    `scores` has the index (category, corruption), one column per severity. The colours run from 0
    to `highest`; `surface` is that of the background.
    """
    import seaborn as sns
    from matplotlib.colors import to_hex

    values = scores.to_numpy(dtype=float)
    sns.heatmap(
        values,
        ax=axes,
        vmin=0.0,
        vmax=highest,
        cmap=colors,
        cbar=False,
        linewidths=1.5,
        linecolor=surface,
        xticklabels=_labels(scores.columns),
        yticklabels=[corruption_name(str(name)) for name in scores.index.get_level_values(1)],
    )
    axes.set_xlabel("severity")
    axes.set_ylabel("")
    axes.tick_params(length=0, rotation=0)
    for row, (category, corruption) in enumerate(scores.index):
        if row and category != scores.index[row - 1][0]:
            axes.axhline(row, color=surface, linewidth=6)
        for column, severity in enumerate(scores.columns):
            value = float(values[row, column])
            shade = to_hex(colors(0.0 if math.isnan(value) else value / highest))
            counts = float(severity) in counted.get(str(corruption), ())
            _cell(axes, (column, row), value, shade, counts, values.shape[1] <= MOST_LABELS)


def _labels(severities: Iterable[Any]) -> list[str]:
    """Return the labels of severities; of many, those that are whole."""
    labels = [f"{float(severity):g}" for severity in severities]
    return [each if len(labels) <= MOST_LABELS or each.isdigit() else "" for each in labels]


def _cell(
    axes: Axes,
    corner: tuple[int, int],
    value: float,
    shade: str,
    counts: bool,
    has_number: bool,
) -> None:
    """Write the number into its cell, if it has one, and hatch it if it does not count."""
    from matplotlib import rcParams
    from matplotlib.patches import Rectangle

    column, row = corner
    missing = math.isnan(value)
    ink = rcParams["axes.labelcolor"] if missing else text_on(shade)
    if missing:
        frame = Rectangle((column + 0.03, row + 0.09), 0.94, 0.82, fill=False)
        frame.set(edgecolor=rcParams["grid.color"], linewidth=1, linestyle=(0, (2, 2)))
        axes.add_patch(frame)
    elif not counts:
        axes.add_patch(
            Rectangle((column, row), 1, 1, fill=False, hatch="///", edgecolor=ink, linewidth=0)
        )
        plate = Rectangle((column + 0.22, row + 0.12), 0.56, 0.76, facecolor=shade, linewidth=0)
        axes.add_patch(plate)
    if has_number:
        place = (column + 0.5, row + 0.5)
        axes.text(*place, percent(value), color=ink, ha="center", va="center_baseline")


def draw_curve(
    axes: Axes,
    clean: float,
    found: IntervalTable,
    counts: Collection[float],
    surface: str,
    **style: Any,
) -> None:
    """Draw mIoU in percent from clean over the severities, with its interval as a band.

    `found` has one row, mIoU in [0, 1], and a column per severity. Severities that do not count
    have hollow marks, filled with the colour `surface`, on a dotted line. `style` is that of the
    line.
    """
    severities = np.array([float(severity) for severity in found.value.columns])
    values, low, high = (100 * table.to_numpy(float)[0] for table in found)  # (severities,) each
    x, y = np.array([0, *severities]), np.array([100 * clean, *values])
    counted = np.array([True, *(severity in counts for severity in severities)])
    (line,) = axes.plot(x, np.where(counted, y, np.nan), **style)
    own: dict[str, Any] = {"color": line.get_color(), "linewidth": line.get_linewidth()}
    if not np.isnan(low).any():
        axes.fill_between(severities, low, high, color=own["color"], alpha=0.14, linewidth=0)
    if not counted.all():
        dotted = ~counted
        dotted[:-1] |= ~counted[1:]
        dotted[1:] |= ~counted[:-1]
        axes.plot(x, np.where(dotted, y, np.nan), linestyle=":", marker="", **own)
        own |= {"marker": line.get_marker(), "markersize": line.get_markersize()}
        axes.plot(x[~counted], y[~counted], linestyle="", mfc=surface, **own)


def percent_top(highest: float) -> int:
    """Return the end of an axis in percent for a highest score in [0, 1]."""
    return 10 * math.ceil(10 * highest + 0.2)


def label_severities(axes: Axes, severities: Sequence[float]) -> None:
    """Label the axis of severities; 0 is clean."""
    axes.set_xticks([0, *severities], ["clean", *_labels(severities)])
    axes.set_xlabel("severity", labelpad=3)


def row_height(series: int) -> float:
    """Return the height in points of a row of `draw_intervals`."""
    return max(ROW, _MARK * series + 9.0)


def draw_intervals(
    axes: Axes, rows: Sequence[str], series: Sequence[tuple[Numbers, dict[str, Any]]]
) -> None:
    """Draw values in percent with intervals: a row from the top for each name, and a line at 0.

    Each series has numbers (3, rows), and the style of its marks.
    """
    from matplotlib import rcParams

    places = np.arange(len(rows), dtype=float)
    offsets = (np.arange(len(series)) - (len(series) - 1) / 2) * _MARK / row_height(len(series))
    for row in range(0, len(rows), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=rcParams["grid.color"], alpha=0.35, linewidth=0)
    axes.axvline(0, color=rcParams["axes.labelcolor"], linewidth=1)
    for ((values, low, high), style), offset in zip(series, offsets, strict=True):
        (marks,) = axes.plot(values, places + offset, linestyle="none", **style)
        axes.hlines(places + offset, low, high, color=marks.get_color(), zorder=1.9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    # Names come from files: a dollar sign begins no formula.
    axes.set_yticks(places, rows, parse_math=False)
    axes.tick_params(axis="y", length=0)
