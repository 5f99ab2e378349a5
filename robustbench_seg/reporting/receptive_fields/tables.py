"""Tables of receptive fields, as a report shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ...erf.field import field_table
from ...reports.document import file_name
from ...reports.table import Cell, Head, Table
from ...reports.text import MISSING, percent
from .maps import FieldMap

SHARES = (20, 30, 50, 99)
"""Shares in percent whose squares `field_table` has."""


def place(kind: str, number: int, item: FieldMap) -> str:
    """Return the identifier of a map or of a row in a page; `number` is its field's place."""
    return file_name(kind, number, item.layer)


def squares_table(maps: Sequence[FieldMap]) -> Table:
    """Set fields as rows, and the squares that hold shares of them and their moments as columns."""
    rows = [
        (
            *_squares(row, ""),
            _number(row["radius"], "{:.0f}"),
            _number(row["anisotropy"], "{:.2f}"),
            _number(row["angle"], "{:.0f}", "round: no longest direction"),
        )
        for row in _numbers(maps)
    ]
    moments = (
        Head("radius", "px", "root of the mean squared distance from the unit", 1, True),
        Head("anisotropy", "", "0 is round, 1 a line", 1, True),
        Head("angle", "°", "of the long axis: 0 along a row, 90 along a column", 1, True),
    )
    return _table(
        "The smallest centred square that holds a share of the field, clipped to the image: its "
        "side in pixels, and its area in percent of the image. Computed on the linear map.",
        *(maps, rows, moments, "squares"),
    )


def replknet_table(maps: Sequence[FieldMap]) -> Table:
    """Set fields as rows, and their squares by RepLKNet's procedure as columns."""
    rows = [tuple(_squares(row, "replknet ")) for row in _numbers(maps)]
    return _table(
        "The same by RepLKNet's procedure, for comparison with its numbers: of log10(A + 1) of the "
        "raw average, divided by its maximum, the smallest square that holds more than the share.",
        *(maps, rows, (), "replknet"),
    )


def _numbers(maps: Sequence[FieldMap]) -> list[pd.Series[float]]:
    return [row for _, row in field_table(item.field for item in maps).iterrows()]


def _table(
    caption: str,
    maps: Sequence[FieldMap],
    rows: Sequence[tuple[Cell, ...]],
    moments: tuple[Head, ...],
    name: str,
) -> Table:
    links = [
        Cell(
            item.layer,
            tooltip=f"map of {item.subject}",
            link=f"#{place('map', number, item)}",
            name=place(name, number, item),
        )
        for number, item in enumerate(maps)
    ]
    names = (Head("model", whole_height=True), Head("layer", whole_height=True))
    return Table(
        caption,
        columns=(Head("side", "px"), Head("area", "%")) * len(SHARES),
        rows=tuple(
            (Cell(item.subject), link, *row)
            for item, link, row in zip(maps, links, rows, strict=True)
        ),
        groups=(*names, *(Head(f"{share}\u00a0%", span=2) for share in SHARES), *moments),
        stub=2,
        name=f"{name}-table",
    )


def _squares(row: pd.Series[float], prefix: str) -> list[Cell]:
    cells = []
    for share in SHARES:
        side, area = row[f"{prefix}side {share}"], row[f"{prefix}area {share}"]
        if not side:
            cells += 2 * [Cell(MISSING, tooltip="lost in float32, in which RepLKNet computes")]
            continue
        cells.append(Cell(f"{side:.0f}", value=float(side)))
        cells.append(Cell(percent(area), value=round(float(area), 6), shade=round(float(area), 2)))
    return cells


def _number(value: float, form: str, why_missing: str = "") -> Cell:
    if math.isnan(value):
        return Cell(MISSING, tooltip=why_missing)
    return Cell(form.format(value).replace("-", "\u2212"), value=round(float(value), 6))
