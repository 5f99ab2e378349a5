"""Tables for readers, from the DataFrames of scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from ..reports.table import Cell, Head, Table
from ..reports.text import MISSING, percent, points
from ..scores.tables import ALL_SEVERITIES
from .intervals import IntervalTable
from .words import NOT_MEASURED, column_name, common, corruption_name, severity_range, short_name

CellMaker = Callable[[Any], Cell]

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


def score_name(name: str) -> str:
    """Return the name of a score or corruption in words."""
    return HEADINGS[name][0] if name in HEADINGS else corruption_name(name)


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
    known = _known(*ends) if ends else None
    return Cell(percent(value), value=round(value, 6), shade=shade, ends=known)


def change(value: float, low: float = math.nan, high: float = math.nan) -> Cell:
    """Return the cell of a change in percentage points, with its interval below."""
    if math.isnan(value):
        return Cell(MISSING, tooltip=NOT_MEASURED)
    below = f"{points(low)} to {points(high)}" if _known(low, high) else ""
    return Cell(points(value), value=round(value, 6), below=below)


def highest_of(*frames: pd.DataFrame) -> float:
    """Return the end of a scale of shades: the largest value, or 1 if none is above 0."""
    values = [value for frame in frames for value in frame.to_numpy(float).ravel().tolist()]
    return max((value for value in values if value > 0), default=1.0)


def frame_table(
    frame: pd.DataFrame,
    caption: str,
    cells: CellMaker | Sequence[CellMaker] = score,
    *,
    columns: Sequence[Head] | None = None,
    groups: tuple[Head, ...] = (),
    name: str = "",
) -> Table:
    """Return a frame as a table: its index names the rows, and `cells` makes a cell of each value.

    `cells` is one function, or one per column; `columns` are headings in place of the names.
    """
    makers = [cells] * len(frame.columns) if callable(cells) else cells
    keys = (key if isinstance(key, tuple) else (key,) for key in frame.index.to_list())
    rows = tuple(
        (
            *(Cell(str(part)) for part in key),
            *(make(value) for make, value in zip(makers, values, strict=True)),
        )
        for key, values in zip(keys, frame.to_numpy().tolist(), strict=True)
    )
    if columns is None:
        names = (str(name or "model") for name in frame.index.names)
        columns = (*map(Head, names), *map(heading, frame.columns.to_list()))
    return Table(caption, tuple(columns), rows, groups, stub=frame.index.nlevels, name=name)


def headline_table(frame: pd.DataFrame, name: str = "") -> Table:
    """Return the headline numbers as a table, models as rows; says why it has no mPC."""
    caption = "Headline numbers in percent."
    if "mPC" in frame and frame["mPC"].isna().all():
        needed = severity_range(ALL_SEVERITIES)
        caption += f" No mPC and rPC: they need severities {needed} of all corruptions."
    return frame_table(frame, caption, name=name)


def suite_table(
    frame: pd.DataFrame,
    counted: Mapping[str, tuple[float, ...]],
    caption: str = "mIoU in percent, the mean over the severities printed under each group.",
    name: str = "",
) -> Table:
    """Return a table with models as rows and corruptions as columns: the form of Table 5.

    The columns of the frame are ("", "clean"), the corruptions, category by category, ("", "mean")
    and ("", "retention").
    """
    names = [(str(pair[0]), str(pair[1])) for pair in frame.columns.to_list()]
    groups, columns = under_categories(names, counted)
    cells = _shaded(frame, [name for _, name in names])
    return frame_table(frame, caption, cells, columns=columns, groups=groups, name=name)


def under_categories(
    names: Sequence[tuple[str, str]], counted: Mapping[str, tuple[float, ...]]
) -> tuple[tuple[Head, ...], tuple[Head, ...]]:
    """Return two rows of headings for (category, corruption), after the model's name.

    A name without a category stands alone. Severities that count are printed under the category, or
    under each of its columns where these differ.
    """
    groups, columns = [Head("model", whole_height=True)], []
    for category, pairs in groupby(names, key=lambda pair: pair[0]):
        members = [name for _, name in pairs]
        if not category:
            groups += [heading(name, whole_height=True) for name in members]
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
    frame: pd.DataFrame, counted: Mapping[str, tuple[float, ...]], name: str = ""
) -> Table:
    """Return a table with a row for each model and corruption, and a column for each severity.

    The last column of the frame is "score", the mean over the severities that count.
    """
    severities = [float(column) for column in frame.columns[:-1]]
    ranges = [severity_range(counted.get(str(key[-1]), ())) for key in frame.index.to_list()]
    return frame_table(
        pd.concat([pd.Series(ranges, frame.index), frame], axis="columns").rename(
            index=corruption_name, level="corruption"
        ),
        f"mIoU in percent at the severities {severity_range(severities)}, and the score: the mean "
        "over those that count.",
        [Cell, *[score] * len(frame.columns)],
        columns=(
            *map(Head, ("model", "category", "corruption")),
            Head("severities that count", tooltip="in the score and the suite score"),
            *(Head(f"{severity:g}", tooltip=f"severity {severity:g}") for severity in severities),
            Head("score", tooltip="mean over the severities that count"),
        ),
        name=name,
    )


def class_table(frame: pd.DataFrame, model: str, name: str = "") -> Table:
    """Return a table with the classes of one model as rows, and the columns of the frame."""
    own = frame.loc[[model]].droplevel(0)
    names = [str(column) for column in own.columns]
    caption = f"IoU of each class in percent, {model}."
    table = frame_table(own, caption, _shaded(own, names), name=name)
    if names[-1] != "retention":
        return table
    rows = tuple(
        (*row[:-1], replace(row[-1], tooltip="undefined: clean IoU is 0"))
        if row[1].value == 0
        else row
        for row in table.rows
    )
    return replace(table, rows=rows)


def plain(value: object) -> Cell:
    """Return the cell of any value; a number with four digits."""
    if not isinstance(value, int | float | np.number) or isinstance(value, bool):
        return Cell(str(value))
    number = float(value)
    return Cell(MISSING) if math.isnan(number) else Cell(f"{number:.4g}", value=number)


def deviation(value: float) -> Cell:
    """Return the cell of a standard deviation, in percentage points."""
    return Cell(MISSING if math.isnan(value) else f"{100 * value:.2f}")


def with_intervals(table: Table, found: IntervalTable, covers: str) -> Table:
    """Return a table with the interval of each number; unchanged if no interval is known.

    The last cells of each row are the values of `found`.
    """
    if found.low.isna().all(axis=None):
        return table
    ends = np.stack([found.low, found.high], axis=-1).astype(float)  # (rows, columns, 2)
    rows = tuple(
        (
            *row[: -ends.shape[1]],
            *(
                cell if cell.value is None else replace(cell, ends=_known(*pair))
                for cell, pair in zip(row[-ends.shape[1] :], pairs, strict=True)
            ),
        )
        for row, pairs in zip(table.rows, ends.tolist(), strict=True)
    )
    return replace(table, rows=rows, caption=f"{table.caption} Ranges are 95 % intervals {covers}.")


def _known(low: float, high: float) -> tuple[float, float] | None:
    return None if math.isnan(low) or math.isnan(high) else (low, high)


def _shaded(frame: pd.DataFrame, names: Sequence[str]) -> list[CellMaker]:
    """Return the cells of scores shaded by the highest one; retention is not shaded."""
    shaded = [name != "retention" for name in names]
    highest = highest_of(frame.loc[:, shaded])
    return [partial(score, highest=highest) if each else score for each in shaded]


def heading(column: object, whole_height: bool = False) -> Head:
    """Return the heading of a column of a frame, with what it means."""
    name = column_name(column)
    text, tooltip = HEADINGS.get(name, (name, ""))
    return Head(text, tooltip=tooltip, whole_height=whole_height)
