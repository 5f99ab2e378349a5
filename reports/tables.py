"""From the frames of scores to tables as a reader sees them, before any markup."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import pandas as pd

from .report import Intervals
from .table import Cell, Head, Table
from .text import NOT_MEASURED, corruption_name, percent, severity_range, short_name

_SUITE = "mean over the corruptions, each over the severities that count"

HEADINGS: Mapping[str, tuple[str, str]] = {
    "clean": ("clean", "on the unchanged images"),
    "suite score": ("suite score", _SUITE),
    "suite": ("suite", _SUITE),
    "mean": ("mean", _SUITE),
    "retention": ("retention", "suite score / clean"),
    "mPC": ("mPC", "mean over all severities of the corruptions"),
    "rPC": ("rPC", "mPC / clean"),
    "pixel_accuracy": ("pixel accuracy", "share of pixels that are right, clean images"),
}
"""Column of a frame -> its heading and what it means; other columns keep their names."""


def score(
    value: float,
    highest: float | None = None,
    why_missing: str = NOT_MEASURED,
    ends: tuple[float, float] | None = None,
) -> Cell:
    """Make the cell of a fraction, shaded by its share of `highest` where that is given.

    `ends` are those of its interval; NaN where it has none.
    """
    if math.isnan(value):
        return Cell(percent(value), tooltip=why_missing)
    shade = None if highest is None else round(min(max(value / highest, 0.0), 1.0), 2)
    known = None if ends is None or any(map(math.isnan, ends)) else ends
    return Cell(percent(value), value=round(value, 6), shade=shade, ends=known)


def highest_of(*frames: pd.DataFrame) -> float:
    """Return where a scale of the values ends: the largest, or 1 where none is above 0."""
    values = [float(v) for frame in frames for v in frame.to_numpy(dtype=float).ravel()]
    return max((value for value in values if value > 0), default=1.0)


def summary_table(
    summary: pd.DataFrame,
    caption: str = "Headline numbers in percent.",
    intervals: Intervals | None = None,
) -> Table:
    """Set models as rows, headline numbers as columns, with their intervals if these are known."""
    if intervals is not None:
        caption = f"{caption} Below them 95 % intervals, {intervals.covers}."
    return Table(
        caption=caption,
        columns=(Head("model"), *(_head(str(column)) for column in summary.columns)),
        rows=tuple(
            (Cell(str(model)), *scores_of(numbers, intervals))
            for model, numbers in summary.astype(float).iterrows()
        ),
    )


def scores_of(numbers: pd.Series[float], intervals: Intervals | None) -> tuple[Cell, ...]:
    """Make the cells of a model's row of the summary."""
    if intervals is None:
        return tuple(score(float(value)) for value in numbers)
    low, high = (
        frame.loc[[numbers.name], numbers.index].to_numpy(dtype=float)[0].tolist()
        for frame in (intervals.low, intervals.high)
    )
    return tuple(
        score(float(value), ends=ends)
        for value, ends in zip(numbers, zip(low, high, strict=True), strict=True)
    )


def suite_table(
    frame: pd.DataFrame,
    counted: Mapping[str, tuple[int, ...]],
    caption: str = "mIoU in percent, the mean over the severities printed under each group.",
) -> Table:
    """Set models as rows, corruptions as columns under their categories: SegFormer's Table 5.

    The columns of the frame come in this order: ("", "clean"), the corruptions, category by
    category, ("", "mean"), ("", "retention").
    """
    names = [(str(pair[0]), str(pair[1])) for pair in frame.columns.to_list()]
    groups, columns = under_categories(names, counted)
    highest = highest_of(frame.drop(columns=[("", "retention")]))
    rows = tuple(
        (
            Cell(str(model)),
            *(
                score(float(value), None if name == "retention" else highest)
                for (_, name), value in zip(names, values, strict=True)
            ),
        )
        for model, values in zip(frame.index, frame.to_numpy(dtype=float), strict=True)
    )
    return Table(caption, columns, rows, groups)


def under_categories(
    names: Sequence[tuple[str, str]], counted: Mapping[str, tuple[int, ...]]
) -> tuple[tuple[Head, ...], tuple[Head, ...]]:
    """Return two rows of headings for (category, corruption) after the model's name.

    A name without a category stands alone. Where the corruptions of a category count different
    severities, these are printed under each of its columns.
    """
    groups, columns = [Head("model", whole_height=True)], []
    for category, pairs in groupby(names, key=lambda pair: pair[0]):
        members = [name for _, name in pairs]
        if not category:
            groups += [_head(name, whole_height=True) for name in members]
            continue
        ranges = {name: severity_range(counted[name]) for name in members if name in counted}
        alike = len(ranges) == len(members) and len(set(ranges.values())) == 1
        shared = ranges[members[0]] if alike else ""
        small = f"severities: {shared}" if shared else ""
        groups.append(Head(category, small=small, span=len(members)))
        for name in members:
            own = "" if shared else ranges.get(name, "")
            columns.append(Head(short_name(name, category), small=own, tooltip=name))
    return tuple(groups), tuple(columns)


def severity_table(frame: pd.DataFrame, counted: Mapping[str, tuple[int, ...]]) -> Table:
    """Set one row a model and corruption, one column a severity, and the severities that count."""
    rows = tuple(
        (
            Cell(str(model)),
            Cell(corruption_name(str(corruption))),
            Cell(severity_range(counted.get(str(corruption), ()))),
            *(score(float(value)) for value in values),
        )
        for (model, _, corruption), values in zip(
            frame.index, frame.to_numpy(dtype=float), strict=True
        )
    )
    columns = (
        Head("model"),
        Head("corruption"),
        Head("counted", tooltip="severities that count in the suite score"),
        *(Head(f"severity {severity}") for severity in frame.columns),
    )
    return Table("mIoU in percent at every severity.", columns, rows, stub=2)


def class_table(frame: pd.DataFrame, model: str) -> Table:
    """Set the classes of one model as rows: IoU clean, by category, over the suite, retention."""
    own = frame.loc[[model]].droplevel(0)
    names = [str(column) for column in own.columns]
    highest = highest_of(own.drop(columns="retention"))
    rows = []
    for name, values in zip(own.index, own.to_numpy(dtype=float), strict=True):
        by_column = dict(zip(names, (float(value) for value in values), strict=True))
        retention = by_column.pop("retention")
        why = NOT_MEASURED if by_column["clean"] else "undefined: clean IoU is 0"
        cells = [score(value, highest) for value in by_column.values()]
        rows.append((Cell(str(name)), *cells, score(retention, why_missing=why)))
    columns = (Head("class"), *(_head(name) for name in names))
    return Table(f"IoU of each class in percent, {model}.", columns, tuple(rows))


def with_ends(table: Table, low: pd.DataFrame, high: pd.DataFrame) -> Table:
    """Put the ends of their intervals to the last cells of each row, where these are known."""
    rows = []
    for row, below, above in zip(
        table.rows, low.to_numpy(dtype=float), high.to_numpy(dtype=float), strict=True
    ):
        names, cells = row[: len(row) - len(below)], row[len(row) - len(below) :]
        known = (
            cell
            if cell.value is None or math.isnan(first) or math.isnan(last)
            else replace(cell, ends=(first, last))
            for cell, first, last in zip(cells, below.tolist(), above.tolist(), strict=True)
        )
        rows.append((*names, *known))
    return replace(table, rows=tuple(rows))


def _head(column: str, whole_height: bool = False) -> Head:
    text, tooltip = HEADINGS.get(column, (column, ""))
    return Head(text, tooltip=tooltip, whole_height=whole_height)
