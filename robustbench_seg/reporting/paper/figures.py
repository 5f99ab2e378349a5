"""Figures at the column widths of papers: functions from a comparison to a matplotlib Figure."""

from __future__ import annotations

import io
import math
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...reports.paper import PRINTED, colors
from ...reports.style import MARKERS, SERIES, rc_context
from ...runs.pictures import INPUT, PREDICTION, TRUTH
from ..axes import draw_curve, percent_top
from ..comparison.description import ComparisonData
from ..examples import Example
from ..figures import label_curves
from ..words import corruption_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTHS = (3.25, 5.5, 6.75)
"""Widths in inches: a column, the text of one column, and the text of two columns."""
_PANEL = 1.35
_LINE = 0.16
"""Heights in inches, of a panel and of a line of text."""
_LETTER, _SMALL_LETTER = 0.06, 0.05
"""Widths in inches of a letter in the legend and in a label of examples, at most in the mean."""


@rc_context(PRINTED)
def severity(comparison: ComparisonData, width: float) -> Figure:
    """Draw mIoU against severity, `width` inches wide: a panel per category, a line per model.

    Bands are 95 % intervals. Two panels are side by side in a narrow figure, else up to four.
    """
    from matplotlib.figure import Figure

    categories = comparison.categories
    columns = min(len(categories), 2 if width < 5 else 4)
    rows = math.ceil(len(categories) / columns)
    names = comparison.models
    longest = max(map(len, names))
    legend_columns = max(1, min(len(names), int(width / (0.5 + _LETTER * longest))))
    legend = _LINE * math.ceil(len(names) / legend_columns)
    height = rows * _PANEL + legend + 0.35
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    severities = [int(level) for level in comparison.curves.value.columns]
    top = percent_top(comparison.highest_clean)
    for axes, category in zip(panels.flat, categories, strict=False):
        for number, model in enumerate(comparison.models):
            style = {
                "color": colors()[SERIES[number % len(SERIES)]],
                "marker": MARKERS[number % len(MARKERS)],
                "label": model,
            }
            own = comparison.curves.rows([(model, category)])
            draw_curve(axes, comparison.clean[model], own, severities, "white", **style)
        axes.set(xlim=(-0.3, max(severities) + 0.3), ylim=(0, top))
        label_curves(axes, severities, top)
        axes.set_xticks([0, *severities], ["0", *map(str, severities)])
        axes.set_xlabel("")
        _title_inside(axes, category)
    for axes in panels.flat[len(categories) :]:
        axes.axis("off")
    figure.supxlabel("severity (0: clean)", fontsize=PRINTED["axes.labelsize"])
    figure.supylabel("mIoU in percent", fontsize=PRINTED["axes.labelsize"])
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns, frameon=False)
    return figure


def _title_inside(axes: Axes, text: str) -> None:
    axes.text(0.04, 0.05, text, transform=axes.transAxes, ha="left", va="bottom", style="italic")


@rc_context(PRINTED)
def examples(comparison: ComparisonData, width: float) -> Figure | None:
    """Draw predictions as in SegFormer's appendix; None for runs that keep no example pictures.

    A row is a frame under a condition; its columns are the input, the prediction of each model and
    the ground truth.
    """
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys((item.label, item.frame) for item in comparison.examples))
    found = {
        (item.label, item.frame, item.model, item.caption): item for item in comparison.examples
    }
    if not rows:
        return None
    first = comparison.models[0]
    columns = [("input", first, INPUT)]
    columns += [(model, model, PREDICTION) for model in comparison.models]
    columns += [("ground truth", first, TRUTH)]
    size = _picture(comparison.examples[0]).size
    left, gap = 0.55, 0.02
    cell = (width - left) / len(columns)
    heads = [_lines(name, cell) for name, _, _ in columns]
    head = 0.06 + 0.15 * max(text.count("\n") + 1 for text in heads)
    tall = cell * size[1] / size[0]
    height = head + tall * len(rows)
    figure = Figure(figsize=(width, height))

    def label(x: float, y: float, text: str) -> None:
        figure.text(x / width, y / height, text, ha="center", va="center", fontsize=7)

    for row, (condition, frame) in enumerate(rows):
        bottom = height - head - tall * (row + 1)
        label(left / 2, bottom + tall / 2, _lines(corruption_name(condition), left))
        for column, (_, model, caption) in enumerate(columns):
            place = ((left + cell * column) / width, bottom / height)
            axes = figure.add_axes((*place, (cell - gap) / width, (tall - gap) / height))
            axes.axis("off")
            if item := found.get((condition, frame, model, caption)):
                axes.imshow(np.asarray(_picture(item)), interpolation="none", aspect="auto")
    for column, text in enumerate(heads):
        label(left + cell * (column + 0.5), height - head / 2, text)
    return figure


def _lines(text: str, width: float) -> str:
    """Break a text into lines of a width in inches."""
    return "\n".join(wrap(text, max(8, int(width / _SMALL_LETTER))))


def _picture(item: Example) -> Image.Image:
    return Image.open(io.BytesIO(item.png)).convert("RGB")
