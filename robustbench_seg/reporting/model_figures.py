"""Figures with a line or a point for each model, on shared axes with a legend below."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..reports.style import INK, MUTED, RC, SURFACE, new_figure, rc_context
from .axes import percent_top
from .figures import curve, label_curves, look
from .intervals import IntervalTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = 17.0
_LETTER = 7.5
"""Height of a line of a legend and width of a letter in it, in points."""
_WIDTH = 360.0
_NARROW = 290.0
"""Width of figures of which a page has four in a row."""


@rc_context(RC)
def category_curves(
    curves: IntervalTable, summary: IntervalTable, category: str, counts: Collection[float]
) -> Figure:
    """Draw mIoU against severity for one category: a line per model, its interval as a band.

    `curves` has the index (model, category) and a column per severity, `summary` the index model
    and the column "clean": mIoU in [0, 1]. Severities that do not count are hollow.
    """
    looks = {str(model): number for number, model in enumerate(summary.value.index)}
    figure, axes = with_legend(looks, 168.0, left=34.0, bottom=36.0, width=_NARROW)
    clean = summary.value["clean"].astype(float)
    severities = [float(severity) for severity in curves.value.columns]
    ends = np.array([summary.high["clean"].to_numpy(float), clean.to_numpy()])
    top = percent_top(np.nanmax(ends, initial=0.1))
    for model, number in looks.items():
        own = curves.rows([(model, category)])
        curve(axes, float(clean[model]), own, counts, look(number))
    axes.set(xlim=(-0.3, max(severities) + 0.3), ylim=(0, top))
    label_curves(axes, severities, top)
    return figure


def with_legend(
    looks: Mapping[str, int | None],
    height: float,
    *,
    left: float,
    bottom: float,
    width: float = _WIDTH,
) -> tuple[Figure, Axes]:
    """Return a figure with axes of a height in points, and a legend below them.

    `looks` has the number of the colour and mark of each name; None: a hollow grey point.
    """
    legend = 10.0 + _LINE * len(looks)
    total = 8.0 + height + bottom + legend
    figure = new_figure(width, total)
    axes = figure.add_axes(
        (left / width, (bottom + legend) / total, (width - left - 10.0) / width, height / total)
    )
    key = figure.add_axes((0, 0, 1, legend / total))
    key.set(xlim=(0, width), ylim=(legend, 0))
    key.axis("off")
    for line, (name, number) in enumerate(looks.items()):
        place = 6.0 + _LINE * (line + 0.5)
        if number is None:
            key.plot([14], [place], "o", color=MUTED, mfc="none", markersize=5)
        else:
            color, marker = look(number)
            key.plot([6, 22], [place, place], color=color, linewidth=1.8)
            key.plot([14], [place], marker, color=color, markersize=6, mec=SURFACE)
        text = short(name, int((width - 30) / _LETTER))
        key.text(30, place, text, color=INK, va="center_baseline")
    return figure, axes


def short(name: str, longest: int = 44) -> str:
    """Return a name without its middle if it has more characters; its end may tell two apart."""
    half = longest // 2
    return name if len(name) <= longest else f"{name[: longest - half - 1]}\u2026{name[-half:]}"
