"""Tables for readers, from the DataFrames of scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import pandas as pd

from reports.table import Cell, Head, Table
from reports.text import MISSING, percent, points

from .intervals import IntervalTable
from .words import NOT_MEASURED, common, corruption_name, severity_range, short_name

_SUITE = "mean over the corruptions, each over the severities that count"

HEADINGS: Mapping[str, tuple[str, str]] = {
    "clean": ("clean", "on the unchanged images"),
    "suite score": ("suite score", _SUITE),
    "suite": ("suite", _SUITE),
    "mean": ("mean", _SUITE),
    "retention": ("retention", "suite score / clean"),
    "mPC": ("mPC", "mean over all severities of the corruptions"),
    "rPC": ("rPC", "mPC / clean"),
    "pixel_accuracy": ("pixel accuracy", "share of correct pixels, clean images"),
}
"""Column of a frame -> its heading and what it means; other columns keep their names."""


def score(
    value: float,
    highest: float | None = None,
    why_missing: str = NOT_MEASURED,
    ends: tuple[float, float] | None = None,
) -> Cell:
    """Return the cell of a fraction, in percent, shaded by its share of `highest` if given.

    `ends` are those of its interval; NaN for none.
    """
    if math.isnan(value):
        return Cell(percent(value), tooltip=why_missing)
    shade = None if highest is None else round(min(max(value / highest, 0.0), 1.0), 2)
    known = None if ends is None or any(map(math.isnan, ends)) else ends
    return Cell(percent(value), value=round(value, 6), shade=shade, ends=known)


def change(value: float, low: float = math.nan, high: float = math.nan) -> Cell:
    """Return the cell of a change in percentage points, with its interval below."""
    if math.isnan(value):
        return Cell(MISSING, tooltip=NOT_MEASURED)
    known = not (math.isnan(low) or math.isnan(high))
    below = f"{points(low)} to {points(high)}" if known else ""
    return Cell(points(value), value=round(value, 6), below=below)


def highest_of(*frames: pd.DataFrame) -> float:
    """Return the end of a scale of shades: the largest value, or 1 if none is above 0."""
    values = [float(v) for frame in frames for v in frame.to_numpy(dtype=float).ravel()]
    return max((value for value in values if value > 0), default=1.0)


def summary_table(
    summary: pd.DataFrame, caption: str = "Headline numbers in percent.", name: str = ""
) -> Table:
    """Return a table with models as rows and headline numbers as columns."""
    return Table(
        caption=caption,
        columns=(Head("model"), *(_head(str(column)) for column in summary.columns)),
        rows=tuple(
            (Cell(str(model)), *map(score, values))
            for model, values in zip(summary.index, _values(summary), strict=True)
        ),
        name=name,
    )


def deviation_table(deviations: pd.DataFrame, name: str = "") -> Table:
    """Return a table with models as rows and, in points, the deviations of headline numbers."""
    rows = tuple(
        (Cell(str(model)), *(Cell(MISSING if math.isnan(v) else f"{100 * v:.2f}") for v in values))
        for model, values in zip(deviations.index, _values(deviations), strict=True)
    )
    caption = "Standard deviation of the headline numbers over the random draws, in points."
    heads = (Head("model"), *(_head(str(column)) for column in deviations.columns))
    return Table(caption, heads, rows, name=name)


def suite_table(
    frame: pd.DataFrame,
    counted: Mapping[str, tuple[int, ...]],
    caption: str = "mIoU in percent, the mean over the severities printed under each group.",
    name: str = "",
) -> Table:
    """Return a table with models as rows and corruptions as columns: the form of Table 5.

    The columns of the frame are ("", "clean"), the corruptions, category by category, ("", "mean")
    and ("", "retention").
    """
    names = [(str(pair[0]), str(pair[1])) for pair in frame.columns.to_list()]
    groups, columns = under_categories(names, counted)
    highest = highest_of(frame.drop(columns=[("", "retention")]))
    rows = tuple(
        (
            Cell(str(model)),
            *(
                score(value, None if name == "retention" else highest)
                for (_, name), value in zip(names, values, strict=True)
            ),
        )
        for model, values in zip(frame.index, _values(frame), strict=True)
    )
    return Table(caption, columns, rows, groups, name=name)


def under_categories(
    names: Sequence[tuple[str, str]], counted: Mapping[str, tuple[int, ...]]
) -> tuple[tuple[Head, ...], tuple[Head, ...]]:
    """Return two rows of headings for (category, corruption), after the model's name.

    A name without a category stands alone. Severities that count are printed under the category, or
    under each of its columns where these differ.
    """
    groups, columns = [Head("model", whole_height=True)], []
    for category, pairs in groupby(names, key=lambda pair: pair[0]):
        members = [name for _, name in pairs]
        if not category:
            groups += [_head(name, whole_height=True) for name in members]
            continue
        ranges = {name: severity_range(counted[name]) for name in members if name in counted}
        shared = common(ranges.values()) if len(ranges) == len(members) else ""
        small = f"severities: {shared}" if shared else ""
        groups.append(Head(category, small=small, span=len(members)))
        for name in members:
            own = "" if shared else ranges.get(name, "")
            columns.append(Head(short_name(name, category), small=own, tooltip=name))
    return tuple(groups), tuple(columns)


def severity_table(
    frame: pd.DataFrame, counted: Mapping[str, tuple[int, ...]], name: str = ""
) -> Table:
    """Return a table with a row for each model and corruption, and a column for each severity.

    The last column of the frame is "score", the mean over the severities that count.
    """
    rows = tuple(
        (
            Cell(str(model)),
            Cell(str(category)),
            Cell(corruption_name(str(corruption))),
            Cell(severity_range(counted.get(str(corruption), ()))),
            *map(score, values),
        )
        for (model, category, corruption), values in zip(frame.index, _values(frame), strict=True)
    )
    severities = [int(column) for column in frame.columns[:-1]]
    columns = (
        Head("model"),
        Head("category"),
        Head("corruption"),
        Head("counted", tooltip="severities that count in the suite score"),
        *(Head(str(severity), tooltip=f"severity {severity}") for severity in severities),
        Head("score", tooltip="mean over the severities that count"),
    )
    caption = (
        f"mIoU in percent at the severities {severity_range(severities)}, and the score: the mean "
        "over those that count."
    )
    return Table(caption, columns, rows, stub=3, name=name)


def class_table(frame: pd.DataFrame, model: str, name: str = "") -> Table:
    """Return a table with the classes of one model as rows, and the columns of the frame."""
    own = frame.loc[[model]].droplevel(0)
    columns = [str(column) for column in own.columns]
    highest = highest_of(own.drop(columns="retention", errors="ignore"))
    rows = []
    for label, values in zip(own.index, _values(own), strict=True):
        clean = values[columns.index("clean")]
        why = "undefined: clean IoU is 0" if clean == 0 else NOT_MEASURED
        cells = (
            score(value, why_missing=why) if column == "retention" else score(value, highest)
            for column, value in zip(columns, values, strict=True)
        )
        rows.append((Cell(str(label)), *cells))
    heads = (Head("class"), *map(_head, columns))
    return Table(f"IoU of each class in percent, {model}.", heads, tuple(rows), name=name)


def plain_table(frame: pd.DataFrame, caption: str, name: str = "") -> Table:
    """Return any frame as a table: its index as names of the rows, numbers as they are."""
    flat = frame.reset_index()
    rows = tuple(tuple(_plain(value) for value in row) for row in flat.itertuples(index=False))
    heads = (
        _head(" ".join(map(str, filter(None, key))) if isinstance(key, tuple) else str(key))
        for key in flat.columns
    )
    return Table(caption, tuple(heads), rows, stub=frame.index.nlevels, name=name)


def _plain(value: object) -> Cell:
    if not isinstance(value, int | float | np.number) or isinstance(value, bool):
        return Cell(str(value))
    number = float(value)
    return Cell(MISSING) if math.isnan(number) else Cell(f"{number:.4g}", value=number)


def with_intervals(table: Table, found: IntervalTable, covers: str) -> Table:
    """Return a table with the interval of each number; unchanged if no interval is known.

    The last cells of each row are the values of `found`.
    """
    if found.low.isna().all(axis=None):
        return table
    rows = tuple(
        (
            *row[: len(row) - len(low)],
            *(
                cell
                if cell.value is None or math.isnan(first) or math.isnan(last)
                else replace(cell, ends=(first, last))
                for cell, first, last in zip(row[len(row) - len(low) :], low, high, strict=True)
            ),
        )
        for row, low, high in zip(table.rows, _values(found.low), _values(found.high), strict=True)
    )
    return replace(table, rows=rows, caption=f"{table.caption} Ranges are 95 % intervals {covers}.")


def _values(frame: pd.DataFrame) -> list[list[float]]:
    values: list[list[float]] = frame.to_numpy(dtype=float).tolist()
    return values


def _head(column: str, whole_height: bool = False) -> Head:
    text, tooltip = HEADINGS.get(column, (column, ""))
    return Head(text, tooltip=tooltip, whole_height=whole_height)
