"""What a report of effective receptive fields says, before it is given a form: maps and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..table import Cell, Head, Table
from ..text import MISSING, percent

SHARES = (20, 30, 50, 99)
"""In percent: those for which the table of numbers has a square."""


@dataclass(frozen=True)
class FieldMap:
    """The field of one unit: a row and a column of the overview, and its map."""

    subject: str
    """The model, and the condition of the images where it is not clean."""
    layer: str
    """"stage 1" to "stage 4", "head" or another layer."""
    share: NDArray[np.float64]
    """(H, W) of the input, of sum 1."""
    pixel: tuple[int, int]
    """(y, x) of the pixel that the unit is on."""
    sides: Mapping[int, int]
    """Share in percent -> side in pixels of the smallest centred square that holds it."""
    file: str
    """The name of its files, without a suffix."""

    def __post_init__(self) -> None:
        if self.share.ndim != 2 or not np.isclose(self.share.sum(), 1):
            raise ValueError(f"map of {self.subject}, {self.layer}: expected (H, W) of sum 1")


@dataclass(frozen=True)
class FieldsReport:
    """Fields of one or more subjects, their numbers, and where they come from.

    `numbers` has the index (subject, layer) and the columns `side t`, `area t`, `replknet side t`
    and `replknet area t` for t of SHARES, `radius`, `anisotropy` and `angle`; `radial` the columns
    subject, layer, radius and share.
    """

    title: str
    subtitle: str
    stamps: tuple[str, ...]
    notes: tuple[str, ...]
    fields: tuple[FieldMap, ...]
    numbers: pd.DataFrame
    radial: pd.DataFrame
    provenance: Mapping[str, Mapping[str, str]]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The rows of the overview."""
        return tuple(dict.fromkeys(field.subject for field in self.fields))

    @property
    def layers(self) -> tuple[str, ...]:
        """The columns of the overview: stages, the head, others in the order of the fields."""

        def place(layer: str) -> tuple[int, str]:
            return (0, layer) if layer.startswith("stage ") else (1 if layer == "head" else 2, "")

        return tuple(sorted(dict.fromkeys(field.layer for field in self.fields), key=place))

    def field(self, subject: str, layer: str) -> FieldMap | None:
        """Return the field of a subject and a layer, if there is one."""
        named = ((field.subject, field.layer) for field in self.fields)
        return dict(zip(named, self.fields, strict=True)).get((subject, layer))


def squares_table(numbers: pd.DataFrame) -> Table:
    """Set fields as rows; the squares that hold shares of the map, and its moments, as columns."""
    rows = [
        (
            *_stub(index),
            *_squares(row, ""),
            _number(row["radius"], "{:.0f}"),
            _number(row["anisotropy"], "{:.2f}"),
            _number(row["angle"], "{:.0f}", "round: no direction is the longest"),
        )
        for index, row in numbers.iterrows()
    ]
    moments = (
        Head("radius", "px", "root of the mean squared distance from the unit", 1, True),
        Head("anisotropy", "", "0 is round, 1 a line", 1, True),
        Head("angle", "°", "of the long axis: 0 along a row, 90 along a column", 1, True),
    )
    return Table(
        "The smallest centred square that holds a share of the field, clipped to the image: its "
        "side in pixels, and its area in percent of the image. Computed on the linear map.",
        *_heads(moments, tuple(rows)),
        stub=2,
    )


def replknet_table(numbers: pd.DataFrame) -> Table:
    """Set fields as rows; the squares in RepLKNet's way as columns."""
    rows = tuple((*_stub(index), *_squares(row, "replknet ")) for index, row in numbers.iterrows())
    return Table(
        "The same in RepLKNet's way, to compare with its numbers: of log10(A + 1) of the raw "
        "average, divided by its maximum, the smallest square that holds more than the share.",
        *_heads((), rows),
        stub=2,
    )


def _heads(
    moments: tuple[Head, ...], rows: tuple[tuple[Cell, ...], ...]
) -> tuple[tuple[Head, ...], tuple[tuple[Cell, ...], ...], tuple[Head, ...]]:
    groups = tuple(Head(f"{share} %", span=2) for share in SHARES)
    names = (Head("model", whole_height=True), Head("layer", whole_height=True))
    columns = (Head("side", "px"), Head("area", "%")) * len(SHARES)
    return columns, rows, (*names, *groups, *moments)


def _stub(index: object) -> tuple[Cell, Cell]:
    assert isinstance(index, tuple)
    subject, layer = index
    return Cell(str(subject)), Cell(str(layer))


def _squares(row: pd.Series[float], way: str) -> list[Cell]:
    cells = []
    for share in SHARES:
        side, area = row[f"{way}side {share}"], row[f"{way}area {share}"]
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
