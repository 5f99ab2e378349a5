"""The section on confusions: which classes the corruptions turn into which."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..protocol.condition import CLEAN
from ..reports.document import Fold, Part, Plot, Plots, Section, file_name
from ..reports.style import INK, RC, RULE, SURFACE, new_figure, rc_context, score_colors, text_on
from ..reports.table import Cell, Head, Table
from ..scores.confusions import MOST_OF_SUITE, SUITE
from ..scores.metrics import Scores
from .report import Report
from .tables import change, score
from .words import SHOWN_CLASSES, corruption_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW, _LETTER, _LETTERS = 17.0, 5.6, 20
"""Points of a row of the figure and of a letter of its labels, and most letters of one."""
_SHOWN = 0.005
"""Smallest share that the figure shows."""

_KEYS = ["model", "truth", "predicted"]
_HEADS = (
    Head("true class"),
    Head("predicted as"),
    Head("clean", tooltip="share of the pixels of the true class, on the unchanged images"),
)


def what_becomes_what(report: Report) -> Section | None:
    """Return the confusions that grow most over the suite, and under each corruption."""
    found = report.table("confusions")
    if SUITE not in found["corruption"].to_numpy():
        return None
    fold = Fold("Under each corruption", (_by_corruption(found),))
    parts: tuple[Part, ...] = (*_plots(report), _over_suite(found), fold)
    return Section("What becomes what", parts, "Confusions", terminal=False)


def _over_suite(found: pd.DataFrame) -> Table:
    """Return the confusions that grow most over the suite, and where each is the largest."""
    suite, others = found[found["corruption"] == SUITE], found[found["corruption"] != SUITE]
    rows = []
    for _, row in suite.groupby("model", sort=False).head(MOST_OF_SUITE).iterrows():
        pair = (others[_KEYS] == row[_KEYS]).all(axis="columns")
        largest = others[pair].iloc[int(others["share"][pair].argmax())]
        rows.append(
            (
                *map(Cell, (row["model"], row["truth"], row["predicted"])),
                *_numbers(row),
                Cell(corruption_name(largest["corruption"])),
                score(largest["share"]),
            )
        )
    caption = (
        "Confusions that grow most, in percent of the pixels of the true class: on clean images, "
        "as the mean over the corruptions, and under the corruption where it is largest. The "
        "change is in points."
    )
    columns = (
        Head("model"),
        *_HEADS,
        Head("suite", tooltip="mean over the corruptions, each over the severities that count"),
        Head("change"),
        Head("largest under"),
        Head("there"),
    )
    return Table(caption, columns, tuple(rows), stub=3, name="confusions-table")


def _by_corruption(found: pd.DataFrame) -> Table:
    """Return the confusion that grows most under each corruption."""
    corrupted = found[found["corruption"] != SUITE]
    largest = corrupted.loc[
        corrupted.groupby(["model", "corruption"], sort=False)["change"].idxmax()
    ]
    rows = tuple(
        (
            Cell(row["model"]),
            Cell(corruption_name(row["corruption"])),
            *map(Cell, (row["truth"], row["predicted"])),
            *_numbers(row),
        )
        for _, row in largest.iterrows()
    )
    caption = (
        "The confusion that grows most under each corruption, in percent of the pixels of the true "
        "class, and its change in points."
    )
    columns = (
        Head("model"),
        Head("corruption"),
        *_HEADS,
        Head("corrupted", tooltip="mean over the severities that count"),
        Head("change"),
    )
    return Table(caption, columns, rows, stub=2, name="confusions-by-corruption")


def _numbers(row: pd.Series) -> tuple[Cell, ...]:
    return score(row["clean"]), score(row["share"]), change(row["change"])


def _plots(report: Report) -> Iterator[Plots]:
    """Yield the shares of each model, clean and over the suite, unless there are many classes."""
    names = report.spec.class_names
    if len(names) > SHOWN_CLASSES:
        return
    for number, (name, model) in enumerate(report.names.items(), start=1):
        shares = report.run.confusions.shares(name)
        plots = tuple(
            Plot(
                name=file_name("confusions", number, model, which),
                caption=f"{which}: percent of each true class, a row, by predicted class",
                label=f"Heat map of {model}, {which}: percent of the pixels of each of "
                f"{len(names)} true classes by predicted class. Those that grow most are in the "
                "table of confusions.",
                draw=partial(share_map, shares[which], names),
            )
            for which in (CLEAN.name, SUITE)
        )
        yield Plots(model, plots)


@rc_context(RC)
def share_map(shares: Scores, names: tuple[str, ...]) -> Figure:
    """Draw shares (C, columns): true classes in rows, predicted ones in columns.

    Shares below 0.5 % are left blank. The colours follow the square root, which tells small shares
    apart.
    """
    import seaborn as sns
    from matplotlib.colors import PowerNorm, to_hex

    rows, columns = shares.shape
    labels = [name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}\u2026" for name in names]
    margin = 8 + _LETTER * max(map(len, (*labels, "no class")))
    width, height = margin + _ROW * columns + 2, margin + _ROW * rows + 2
    figure = new_figure(width, height)
    axes = figure.add_axes(
        (margin / width, 2 / height, _ROW * columns / width, _ROW * rows / height)
    )
    norm = PowerNorm(0.5, 0, 1)
    sns.heatmap(
        shares,
        mask=~(shares >= _SHOWN),  # also what is NaN
        ax=axes,
        norm=norm,
        cmap=score_colors(),
        cbar=False,
        linewidths=1,
        linecolor=SURFACE,
        xticklabels=False,  # seaborn would look for labels that overlap, which takes longer
        yticklabels=False,
    )
    axes.set_xticks(np.arange(columns) + 0.5, [*labels, "no class"][:columns])
    axes.set_yticks(np.arange(rows) + 0.5, labels)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK, labelsize=9)
    axes.tick_params(axis="x", rotation=90)
    axes.tick_params(axis="y", rotation=0)
    for row in np.flatnonzero(np.isnan(shares).all(axis=1)).tolist():
        axes.axhline(row + 0.5, color=RULE, linewidth=0.7)
    for row, column in np.argwhere(shares >= _SHOWN).tolist():
        share = float(shares[row, column])
        ink = text_on(to_hex(score_colors()(norm(share))))
        axes.text(
            column + 0.5,
            row + 0.5,
            f"{100 * share:.0f}",
            color=ink,
            size=8,
            ha="center",
            va="center_baseline",
        )
    axes.set_facecolor("none")
    return figure
