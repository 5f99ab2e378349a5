"""The tables of a comparison: the best in bold, intervals below, others' numbers apart."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from .. import tables
from ..table import Cell, Head, Table
from ..tables import HEADINGS, score
from ..text import MISSING, NOT_MEASURED, corruption_name, points
from .description import Comparison, Estimates

SIGNIFICANT = 0.05
_NO_RATIO = "undefined: not measured, or the reference has no error or no loss"
_CORRECTED = (
    "p is the chance of a difference as large if the models were alike, by the same bootstrap; "
    "p (Holm) is corrected for the number of corruptions, each model by itself; bold: below 0.05."
)


def summary_table(comparison: Comparison) -> Table:
    """Set models as rows, headline numbers as columns."""
    plain = tables.summary_table(comparison.summary.value)
    caption = (
        f"Headline numbers in percent, best in bold. Below, 95 % intervals {comparison.covers}."
    )
    return replace(_estimated(plain, comparison.summary), caption=caption)


def suite_table(comparison: Comparison) -> Table:
    """Set models as rows, corruptions as columns: Table 5's form."""
    plain = tables.suite_table(comparison.suite.value, comparison.counted)
    caption = f"{plain.caption} Best in bold; below, 95 % intervals {comparison.covers}."
    return replace(_estimated(plain, comparison.suite), caption=caption)


def settings_table(comparison: Comparison) -> Table:
    """Set settings as rows, models as columns; what differs is in bold."""
    rows = tuple(
        (
            Cell(str(name)),
            *(Cell(str(text), best=str(name) in comparison.differing) for text in texts),
        )
        for name, texts in zip(
            comparison.settings.index, comparison.settings.to_numpy(), strict=True
        )
    )
    columns = (Head("setting"), *(Head(str(model)) for model in comparison.settings.columns))
    return Table("How each model was run; bold: what differs between them.", columns, rows)


def differences_table(comparison: Comparison) -> Table:
    """Set (model, score) as rows: the score, that of the baseline, their difference, p."""
    rows = []
    table = comparison.differences.astype(float)
    for (model, name), numbers in zip(table.index.to_list(), table.to_dict("records"), strict=True):
        text = HEADINGS.get(str(name), (corruption_name(str(name)), ""))[0]
        corrected = float(numbers["p_holm"])
        rows.append(
            (
                Cell(str(model)),
                Cell(text),
                score(float(numbers["second"])),
                score(float(numbers["first"])),
                change(*(float(numbers[column]) for column in ("difference", "low", "high"))),
                _probability(float(numbers["p"])),
                replace(_probability(corrected), best=corrected < SIGNIFICANT),
            )
        )
    return Table(
        f"Differences in percentage points, each model minus {comparison.baseline}, with 95 % "
        f"intervals {comparison.covers}, both resampled together. {_CORRECTED}",
        (
            Head("model"),
            Head("score"),
            Head("of the model"),
            Head(f"of {comparison.baseline}"),
            Head("difference", tooltip="percentage points; below, its interval"),
            Head("p"),
            Head("p (Holm)"),
        ),
        tuple(rows),
        stub=2,
    )


def degradation_table(comparison: Comparison, measure: str) -> Table:
    """Set models as rows, the CD or rCD of each corruption as columns, lowest in bold."""
    found = comparison.degradation
    part = Estimates(
        *(pd.DataFrame(frame[measure]) for frame in (found.value, found.low, found.high))
    )
    groups, columns = _under_categories(comparison, part.value)
    plain = Table(
        "",
        columns,
        tuple(
            (Cell(str(model)), *(score(float(v), why_missing=_NO_RATIO) for v in values))
            for model, values in zip(part.value.index, part.value.to_numpy(float), strict=True)
        ),
        groups,
    )
    what = {
        "CD": "CD: the error (1 \u2212 mIoU) summed over the severities that count, in percent of "
        "that of the reference",
        "rCD": "rCD: the loss (clean mIoU \u2212 mIoU) summed over the severities that count, in "
        "percent of that of the reference",
    }[measure]
    caption = (
        f"{what}, {comparison.reference}. Below 100: degrades less than the reference. Lowest in "
        f"bold; below, 95 % intervals {comparison.covers}."
    )
    others = [model for model in comparison.models if model != comparison.reference]
    low, high = part.low.reindex(index=others), part.high.reindex(index=others)
    order = part.value.index
    known = Estimates(part.value, low.reindex(index=order), high.reindex(index=order))
    return replace(_estimated(plain, known, lowest=True, among=others), caption=caption)


def ranks_table(comparison: Comparison) -> Table:
    """Set models as rows, their rank by each score as columns."""
    rows = [
        (Cell(str(model)), *(_rank(float(value)) for value in values))
        for model, values in zip(
            comparison.ranks.index, comparison.ranks.to_numpy(float), strict=True
        )
    ]
    groups, columns = _under_categories(comparison, comparison.ranks)
    return Table(
        "Rank by each score, 1 for the best; equals share the better rank. The mean rank is over "
        "the corruptions.",
        columns,
        tuple(rows),
        groups,
    )


def _under_categories(
    comparison: Comparison, frame: pd.DataFrame
) -> tuple[tuple[Head, ...], tuple[Head, ...]]:
    categories = {
        name: category
        for category in comparison.categories
        for name in comparison.corruptions(category)
    }
    names = [(categories.get(str(name), ""), str(name)) for name in frame.columns]
    return tables.under_categories(names, comparison.counted)


def published_tables(comparison: Comparison) -> tuple[Table, ...]:
    """Return the tables of what others printed."""
    return tuple(
        tables.suite_table(item.table, {}, item.caption)
        if item.table.columns.nlevels == 2
        else tables.summary_table(item.table, item.caption)
        for item in comparison.published
    )


def change(value: float, low: float = math.nan, high: float = math.nan) -> Cell:
    """Make the cell of a change in percentage points, with the ends of its interval below."""
    if math.isnan(value):
        return Cell(MISSING, tooltip=NOT_MEASURED)
    known = not (math.isnan(low) or math.isnan(high))
    below = f"{points(low)} to {points(high)}" if known else ""
    return Cell(points(value), value=round(value, 6), below=below)


def _estimated(
    table: Table,
    estimates: Estimates,
    *,
    lowest: bool = False,
    among: list[str] | None = None,
) -> Table:
    """Put intervals below the cells of a table with a row a model, and the best in bold.

    With fewer than two models nothing is the best.
    """
    value = estimates.value.to_numpy(float)
    labels = list(map(str, estimates.value.index))
    taking_part = np.array([among is None or label in among for label in labels])
    compared = np.where(taking_part[:, np.newaxis], value, np.nan)  # (models, scores)
    better = -compared if lowest else compared
    best = better == np.max(np.where(np.isnan(better), -np.inf, better), axis=0)
    best &= (~np.isnan(compared)).sum(axis=0) > 1
    found = tables.with_ends(table, estimates.low, estimates.high)
    rows = tuple(
        (
            row[0],
            *(replace(cell, best=bool(b)) for cell, b in zip(row[1:], firsts, strict=True)),
        )
        for row, firsts in zip(found.rows, best, strict=True)
    )
    return replace(found, rows=rows)


def _probability(value: float) -> Cell:
    if math.isnan(value):
        return Cell(MISSING, tooltip="not corrected: no corruption")
    text = f"{value:.3f}" if value >= 0.0095 else f"{value:.4f}"
    return Cell(text, value=round(value, 9))


def _rank(value: float) -> Cell:
    if math.isnan(value):
        return Cell(MISSING, tooltip=NOT_MEASURED)
    return Cell(f"{value:.0f}" if value == round(value) else f"{value:.1f}", value=round(value, 6))
