"""Scores of parts of the images: tables and figures of what each model keeps of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..protocol.condition import CLEAN
from ..reports.document import Fold, Plot, Plots, file_name
from ..reports.style import INK, MARKERS, MUTED, RC, RULE, SERIES, SURFACE, new_figure, rc_context
from ..reports.table import Cell, Head, Table
from ..scores.tables import severity_table
from .axes import ROW
from .intervals import IntervalTable
from .measures import metric
from .report import Report
from .tables import change, frame_table, score
from .words import corruption_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUITE = "suite score"


class Kept(NamedTuple):
    """Scores of parts of the images, and what of them is kept under each condition."""

    name: str
    """Name of the tables and figures."""
    scores: Sequence[str]
    """Metrics of the tables; what is kept of the first two is compared."""
    caption: str
    """What is in the table, before the sentences on what is kept."""
    less: str
    """What it means that less is kept of the first score than of the second."""

    def parts(self, rows: pd.DataFrame, report: Report) -> tuple[Plots, Table]:
        """Return figures and a table of conditions.

        `rows` are those of the scores in the form of the table "measures".
        """
        spec, policy = report.spec, report.spec.suite.policy
        base = spec.suite.curves[1] if spec.suite.curves else CLEAN.name
        names = (CLEAN.name, *policy.corruptions, _SUITE) if policy else None
        names = names or tuple(condition.name for condition in spec.conditions)
        index = pd.MultiIndex.from_product([report.models, names], names=["model", "score"])
        wide = IntervalTable(
            *(
                rows.pivot(index=["model", "score"], columns="metric", values=column)
                .reindex(index=index, columns=list(self.scores))
                .astype(float)
                for column in ("value", "low", "high")
            )
        )
        bases = wide.value.loc[[(model, base) for model, _ in index]].set_axis(index)
        kept = wide.value.div(bases.where(bases != 0))  # no share of nothing is kept
        return self._plots(kept, base, report), self._table(wide, kept, base, report)

    def by_severity(self, report: Report) -> tuple[Fold, ...]:
        """Return tables of each score by corruption and severity, where there are severities."""
        if report.spec.suite.policy is None or report.spec.taken:
            return ()
        return (Fold("All severities as tables", tuple(self._by_severity(report))),)

    def _table(self, wide: IntervalTable, kept: pd.DataFrame, base: str, report: Report) -> Table:
        """Return a table with conditions as rows, and each score beside what is kept of it."""
        rows = []
        columns = (*wide, kept)  # value, low, high, kept: (rows, metrics) each
        for (model, name), *numbers in zip(
            kept.index, *map(pd.DataFrame.to_numpy, columns), strict=True
        ):
            cells = [Cell(model), Cell(_row_name(name))]
            for value, low, high, share in zip(*numbers, strict=True):
                cells += [score(value, ends=(low, high)), _unless(name == base, score(share))]
            first, second, *_ = numbers[-1]
            rows.append((*cells, _unless(name == base, change(first - second))))
        caption = (
            f"In percent: {self.caption}. Kept: percent of the score on {base}. "
            f"Where the difference is below 0, {self.less}."
        )
        if wide.low.notna().any(axis=None):
            caption += f" Ranges are 95 % intervals {report.covers}."
        heads = (Head("score"), Head("kept", tooltip=f"percent of the score on {base}"))
        first, second = (metric(name).title for name in self.scores[:2])
        groups = (
            *(Head(name, whole_height=True) for name in ("model", "condition")),
            *(
                Head(metric(name).title, tooltip=metric(name).meaning, span=2)
                for name in self.scores
            ),
            Head("difference", tooltip=f"kept of {first} less kept of {second}", whole_height=True),
        )
        return Table(
            *(caption, heads * len(self.scores), tuple(rows), groups),
            stub=2,
            name=f"{self.name}-table",
        )

    def _plots(self, kept: pd.DataFrame, base: str, report: Report) -> Plots:
        """Return a figure of what each model keeps."""
        plots = []
        for number, model in enumerate(report.models, start=1):
            own = kept.loc[[model]].droplevel("model")
            shares = own.drop(index=base).rename(index=_row_name)
            plots.append(
                Plot(
                    name=file_name(self.name, number, model),
                    caption=f"{model}: percent of the score on {base} that is kept",
                    label=f"Percent of the scores on {base} that {model} keeps, for "
                    f"{', '.join(shares.index)}. The numbers are in the table of {self.name}.",
                    draw=partial(kept_shares, shares),
                )
            )
        return Plots("", tuple(plots))

    def _by_severity(self, report: Report) -> Iterator[Table]:
        """Yield a table of each score by corruption and severity."""
        policy = report.spec.suite.policy
        assert policy is not None
        for name in self.scores:
            frame = severity_table(report.table("tidy"), policy, name)
            levels = (f"{float(severity):g}" for severity in frame.columns)
            heads = (*map(Head, ("model", "category", "corruption")), *map(Head, levels))
            yield frame_table(
                frame.rename(index=corruption_name, level="corruption"),
                f"{metric(name).title} in percent by severity.",
                columns=heads,
                name=file_name(name, "table"),
            )


def _unless(left_out: bool, cell: Cell) -> Cell:
    return Cell("") if left_out else cell


def _row_name(name: str) -> str:
    return "suite" if name == _SUITE else corruption_name(name)


@rc_context(RC)
def kept_shares(kept: pd.DataFrame) -> Figure:
    """Draw what is kept of each score, a column, with a row of marks for each condition.

    A line joins the marks of the first two scores.
    """
    left, right, top, bottom, width = 124.0, 14.0, 26.0, 38.0, 440.0
    height = top + ROW * len(kept) + bottom
    figure = new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    )
    places, shares = np.arange(len(kept)), 100 * kept.to_numpy(float)
    for row in range(0, len(kept), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=RULE, alpha=0.35, linewidth=0)
    axes.hlines(places, shares[:, 0], shares[:, 1], color=MUTED, linewidth=1.3)
    for number, values in enumerate(shares.T):
        color, marker = SERIES[number], MARKERS[number]
        axes.plot(values, places, marker, color=color, mec=SURFACE, markersize=6.5)
    _legend(figure, [str(name) for name in kept], 1 - top / 2 / height, left / width)
    axes.set_ylim(len(kept) - 0.5, -0.5)
    axes.set_xlim(0, max(100.0, 10 * np.ceil(np.nanmax(shares, initial=0) / 10)))
    axes.set_yticks(places, [str(name) for name in kept.index])
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(axis="x")
    axes.set_xlabel("kept, in percent", labelpad=3)
    return figure


def _legend(figure: Figure, scores: Sequence[str], height: float, left: float) -> None:
    """Name the marks in a row at a height of the figure."""
    key = figure.add_axes((left, height, 1 - left, 0.001))
    key.set(xlim=(0, 3), ylim=(-1, 1))
    key.axis("off")
    for number, name in enumerate(scores):
        color, marker = SERIES[number], MARKERS[number]
        key.plot(
            [number + 0.05], [0], marker, color=color, mec=SURFACE, markersize=6.5, clip_on=False
        )
        key.text(number + 0.13, 0, metric(name).title, color=INK, va="center_baseline")
