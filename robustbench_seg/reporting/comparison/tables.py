"""The tables of a comparison: intervals below the numbers, the best in bold."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from ...reports.table import Cell, Head, Table
from ...reports.text import MISSING
from ...scores.statistics import MIN_TEST_UNITS
from .. import published, tables
from ..intervals import IntervalTable
from ..measures import MIOU, Metric, metric
from ..tables import score, score_name
from ..words import NOT_MEASURED, corruption_name
from .description import ComparisonData

SIGNIFICANT = 0.05
_NO_RATIO = "undefined: not measured, or the reference has no error or no loss"
_P_VALUES = (
    "n: images, or groups of them, of the condition that has fewest. p: sign-flip test; p (Holm): "
    "corrected for the number of corruptions, separately for each model, bold below 0.05."
)


def summary_table(comparison: ComparisonData) -> Table:
    """Return a table with models as rows and headline numbers as columns."""
    plain = tables.headline_table(comparison.summary.value)
    return _with_best(plain, comparison.summary, comparison)


def suite_table(comparison: ComparisonData) -> Table:
    """Return a table in the form of Table 5: models as rows, and below them published rows."""
    value, count = comparison.suite.value, len(comparison.models)
    printed = [published.marked(item.table) for item in comparison.printed]
    table = tables.suite_table(pd.concat([value, *printed]), comparison.counted)
    measured = replace(table, rows=table.rows[:count])
    best = _with_best(measured, comparison.suite, comparison)
    others = (tuple(replace(cell, foreign=True) for cell in row) for row in table.rows[count:])
    return replace(best, rows=(*best.rows, *others))


def settings_table(comparison: ComparisonData) -> Table:
    """Return a table with settings as rows and models as columns; differing ones are bold."""
    rows = tuple(
        (Cell(name), *(Cell(text, best=name in comparison.differing) for text in texts))
        for name, *texts in comparison.settings.astype(str).itertuples()
    )
    columns = (Head("setting"), *(Head(str(model)) for model in comparison.settings.columns))
    return Table("How each model was run; differences are bold.", columns, rows)


def differences_table(comparison: ComparisonData) -> Table:
    """Return a table with a row for each model and score: both scores, their difference, p."""
    return _differences(comparison, comparison.differences, MIOU)


def measure_table(comparison: ComparisonData, name: str) -> Table:
    """Return a table of differences of a metric in the same form."""
    return _differences(
        comparison, pd.DataFrame(comparison.measure_differences.loc[name]), metric(name)
    )


def _differences(comparison: ComparisonData, differences: pd.DataFrame, shown: Metric) -> Table:
    rows = []
    table = differences.astype(float)
    for (model, name), numbers in zip(table.index.to_list(), table.to_dict("records"), strict=True):
        p, corrected = numbers["p"], numbers["p_holm"]
        measured = not math.isnan(numbers["difference"])
        why = f"n is below {MIN_TEST_UNITS}" if measured else NOT_MEASURED
        why_uncorrected = why if math.isnan(p) else "not corrected: no corruption"
        rows.append(
            (
                Cell(str(model)),
                Cell(score_name(str(name))),
                shown.value(numbers["second"]),
                shown.value(numbers["first"]),
                shown.difference(numbers["difference"], numbers["low"], numbers["high"]),
                Cell(f"{numbers['n_units']:.0f}", value=numbers["n_units"]),
                _probability(p, why),
                replace(_probability(corrected, why_uncorrected), best=corrected < SIGNIFICANT),
            )
        )
    unit = " in percentage points" if shown.percent else ""
    caption = f"{shown.title}: differences{unit}, each model minus {comparison.baseline}"
    if comparison.has_intervals:
        caption += f", with 95 % intervals {comparison.covers}, the images resampled in pairs"
    few = (
        f" No p-value where n is below {MIN_TEST_UNITS}."
        if table["n_units"].min() < MIN_TEST_UNITS
        else ""
    )
    return Table(
        f"{caption}. {_P_VALUES}{few}",
        (
            Head("model"),
            Head("score"),
            Head("this model"),
            Head(comparison.baseline),
            Head(
                "difference",
                tooltip="percentage points; below, its interval"
                if shown.percent
                else "below, its interval",
            ),
            Head("n", tooltip="images, or groups, of the condition that has fewest"),
            Head("p"),
            Head("p (Holm)"),
        ),
        tuple(rows),
        stub=2,
    )


def agreement_tables(comparison: ComparisonData) -> tuple[Table, ...]:
    """Return a table for each model: conditions as rows, severities as columns."""
    found = []
    for model, table in comparison.agreement.groupby(level="model", sort=False):
        from_labels = table["agreement"].notna().all()
        shares = table["agreement" if from_labels else "at_most"].droplevel("model")
        what = (
            "Share of all pixels that have the same label"
            if from_labels
            else "Upper bound of the share of pixels with ground truth that have the same label; "
            "the confusion matrices differ by the rest, and labels may differ in more. The share "
            "itself needs saved labels of both (eval --save labels)"
        )
        order = dict.fromkeys(shares.index.get_level_values("condition"))
        grid = shares.unstack("severity").loc[[*order]]
        severities = [f"severity {float(each):g}" if each else "clean" for each in grid.columns]
        found.append(
            Table(
                f"{what}: {model} and {comparison.baseline}, in percent, rounded down.",
                (Head("condition"), *map(Head, severities)),
                tuple(
                    (Cell(corruption_name(str(name))), *map(_share, numbers))
                    for name, *numbers in grid.itertuples()
                ),
            )
        )
    return tuple(found)


def _share(value: float) -> Cell:
    # Rounded down, so that 100 means all; counts of pixels are exact in float64.
    text = MISSING if math.isnan(value) else f"{math.floor(10_000 * value + 1e-9) / 100:.2f}"
    return Cell(text, value=value)


def degradation_table(comparison: ComparisonData, measure: str) -> Table:
    """Return a table with models as rows, and the CD or rCD of each corruption as columns."""
    found = comparison.degradation.apply(lambda frame: pd.DataFrame(frame[measure]))
    groups, columns = _under_categories(comparison, found.value)
    what = {
        "CD": "CD: the error (1 \u2212 mIoU) summed over the severities that count, in percent of "
        "that of the reference",
        "rCD": "rCD: the loss (clean mIoU \u2212 mIoU) summed over the severities that count, in "
        "percent of that of the reference",
    }[measure]
    caption = (
        f"{what}, {comparison.reference}. Below 100, a model degrades less than the reference."
    )
    cell = partial(score, why_missing=_NO_RATIO)
    plain = tables.frame_table(found.value, caption, cell, columns=columns, groups=groups)
    others = [model for model in comparison.models if model != comparison.reference]
    # The reference divides by itself: its intervals have no width.
    known = found.apply(lambda frame: frame.loc[others].reindex(index=found.value.index))
    return _with_best(plain, IntervalTable(found.value, *known[1:]), comparison, others)


def ranks_table(comparison: ComparisonData) -> Table:
    """Return a table with models as rows, and their rank by each score as columns."""
    caption = (
        "Rank by each score, 1 for the best; equal scores share the better rank. The mean rank is "
        "over the corruptions."
    )
    groups, columns = _under_categories(comparison, comparison.ranks)
    return tables.frame_table(comparison.ranks, caption, _rank, columns=columns, groups=groups)


def _under_categories(
    comparison: ComparisonData, frame: pd.DataFrame
) -> tuple[tuple[Head, ...], tuple[Head, ...]]:
    pairs = comparison.suite.value.columns.to_list()
    categories = {str(pair[1]): str(pair[0]) for pair in pairs}
    names = [(categories.get(str(name), ""), str(name)) for name in frame.columns]
    return tables.under_categories(names, comparison.counted)


def published_tables(comparison: ComparisonData) -> tuple[Table, ...]:
    """Return the published tables of another form than the suite table."""
    return tuple(
        tables.frame_table(item.table, item.caption)
        for item in comparison.published
        if item not in comparison.printed
    )


def _with_best(
    table: Table,
    found: IntervalTable,
    comparison: ComparisonData,
    degrading: Collection[str] | None = None,
) -> Table:
    """Return a table with a row per model with its intervals, and the best scores in bold.

    Best is the highest score, or the lowest among the models that are `degrading`. With fewer than
    two models nothing is best.
    """
    value = found.value.to_numpy(float) * (1 if degrading is None else -1)
    labels = list(map(str, found.value.index))
    compared = np.array([degrading is None or label in degrading for label in labels])
    value[~compared] = np.nan  # (models, scores)
    best = value == np.max(np.where(np.isnan(value), -np.inf, value), axis=0)
    best &= (~np.isnan(value)).sum(axis=0) > 1
    rows = tuple(
        (row[0], *(replace(cell, best=bool(b)) for cell, b in zip(row[1:], firsts, strict=True)))
        for row, firsts in zip(table.rows, best, strict=True)
    )
    caption = f"{table.caption} {'Best' if degrading is None else 'Lowest'} in bold."
    bold = replace(table, rows=rows, caption=caption)
    return tables.with_intervals(bold, found, comparison.covers)


def _probability(value: float, why_missing: str) -> Cell:
    if math.isnan(value):
        return Cell(MISSING, tooltip=why_missing)
    text = f"{value:.3f}" if value >= 0.0095 else f"{value:.4f}"
    return Cell(text, value=round(value, 9))


def _rank(value: float) -> Cell:
    if math.isnan(value):
        return Cell(MISSING, tooltip=NOT_MEASURED)
    return Cell(f"{value:.0f}" if value == round(value) else f"{value:.1f}", value=round(value, 6))
