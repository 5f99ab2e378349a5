"""Tables: cells, headings and rows, and their layout for the formats."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from .text import EN_DASH, percent

MOST_LEVEL = 12
"""The largest number of columns whose headings are set level on paper; above it they are turned."""


@dataclass(frozen=True)
class Cell:
    """A cell: its text, the number it is sorted by, a tooltip, a shade between 0 and 1."""

    text: str
    value: float | None = None
    tooltip: str = ""
    shade: float | None = None
    ends: tuple[float, float] | None = None
    """The ends of the interval of `value`, as fractions."""
    below: str = ""
    """Small text below `text`, in place of the interval in percent."""
    best: bool = False
    """Whether the cell is set in bold as the best of those it is compared with."""
    foreign: bool = False
    """Whether others measured it: it is set in grey."""
    link: str = ""
    """Where a name leads, in a page: a relative address, or "#" and the `name` of a place."""
    name: str = ""
    """Identifier of a name's row in a page, which links lead to."""

    def __post_init__(self) -> None:
        check_link(self.link, self.name, self.text)

    @property
    def interval(self) -> str:
        """The small text below: `below`, or the ends in percent; "" for neither."""
        if self.below:
            return self.below
        return f"{percent(self.ends[0])}{EN_DASH}{percent(self.ends[1])}" if self.ends else ""


def check_link(link: str, name: str, owner: str) -> None:
    """Check a link and an identifier of a page, raising ValueError."""
    # Of an address from elsewhere, a browser may run the scheme as code.
    if not re.fullmatch(r"#?[A-Za-z0-9@+_./-]*", link):
        raise ValueError(f"link {link!r} of {owner!r} is not a relative address")
    if not re.fullmatch(r"[A-Za-z0-9.-]*", name):
        raise ValueError(f"name {name!r} of {owner!r} is not an identifier")


@dataclass(frozen=True)
class Head:
    """A heading over `span` columns, with a second, smaller line."""

    text: str
    small: str = ""
    tooltip: str = ""
    span: int = 1
    whole_height: bool = False


@dataclass(frozen=True)
class Table:
    """A table: `groups` is an upper row of headings, or empty; `columns` has one per column.

    A heading in `groups` with `whole_height` is the heading of its column, which `columns` then
    leaves out. The first `stub` cells of each row name the row. `name` is the identifier of the
    table in a page, such as "suite-table". A page has a choice of the values of each column whose
    number is in `filters`.
    """

    caption: str
    columns: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    groups: tuple[Head, ...] = ()
    stub: int = 1
    name: str = ""
    filters: tuple[int, ...] = ()

    def numbered_columns(self) -> tuple[tuple[int, Head], ...]:
        """Return the headings of `columns` with the index of their column."""
        if not self.groups:
            return tuple(enumerate(self.columns))
        above = (head for head in self.groups for _ in range(head.span))
        places = [place for place, head in enumerate(above) if not head.whole_height]
        return tuple(zip(places, self.columns, strict=True))


@dataclass(frozen=True)
class Blocks:
    """The rows of a table in blocks: (name, rows), where the first column became the names."""

    columns: int
    stub: int
    heads: tuple[tuple[Placed, ...], ...]
    blocks: tuple[tuple[str | None, tuple[tuple[Cell, ...], ...]], ...]


@dataclass(frozen=True)
class Placed:
    """A heading, its first column, and the number of heading rows that it spans."""

    head: Head
    column: int
    height: int

    @property
    def above(self) -> bool:
        """Whether other headings stand below it."""
        return self.height == 0


def headings(table: Table) -> list[tuple[Head | None, Head]]:
    """Return the heading of each column after the heading above it, if there is one."""
    if not table.groups:
        return [(None, head) for head in table.columns]
    own = dict(table.numbered_columns())
    above = [head for head in table.groups for _ in range(head.span)]
    return [
        (None, head) if head.whole_height else (head, own[column])
        for column, head in enumerate(above)
    ]


def heading_lines(above: Head | None, head: Head) -> list[str]:
    """Return the lines of a heading: that above, its own, its small one, the small one above."""
    lines = (above.text, head.text, head.small, above.small) if above else (head.text, head.small)
    return [line for line in lines if line]


def turned(table: Table) -> Table:
    """Exchange rows and columns: a row for each column, whose other heading lines stand below."""
    named = headings(table)
    rows = []
    for column in range(table.stub, len(named)):
        above, head = named[column]
        below = ", ".join(line for line in heading_lines(above, head) if line != head.text)
        name = Cell(head.text, tooltip=head.tooltip, below=below)
        rows.append((name, *(row[column] for row in table.rows)))
    names = (Head(", ".join(cell.text for cell in row[: table.stub])) for row in table.rows)
    return replace(table, columns=(Head(""), *names), rows=tuple(rows), groups=(), stub=1)


def in_blocks(table: Table) -> Blocks:
    """Gather rows that begin with the same name into blocks, where two cells name a row."""
    heads, columns, stub = _placed(table), len(table.columns), table.stub
    if table.groups:
        columns = sum(head.span for head in table.groups)
    gathered = [(row[0].text, row[1:]) for row in table.rows]
    blocks = tuple(
        (name, tuple(row for _, row in members))
        for name, members in groupby(gathered, key=lambda pair: pair[0])
    )
    shared = table.groups and not table.groups[0].whole_height
    if stub < 2 or shared or len(blocks) == len(table.rows):
        return Blocks(columns, stub, heads, ((None, table.rows),))
    shifted = tuple(
        tuple(replace(place, column=place.column - 1) for place in row if place.column)
        for row in heads
    )
    return Blocks(columns - 1, stub - 1, shifted, blocks)


def _placed(table: Table) -> tuple[tuple[Placed, ...], ...]:
    """Return the rows of headings; with two rows, those of the upper have the height 0 or 2."""
    below = tuple(Placed(head, column, 1) for column, head in table.numbered_columns())
    if not table.groups:
        return (below,)
    starts = accumulate((head.span for head in table.groups), initial=0)
    above = tuple(
        Placed(head, column, 2 if head.whole_height else 0)
        for head, column in zip(table.groups, starts, strict=False)
    )
    return above, below
