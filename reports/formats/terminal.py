"""A document in a terminal: its stamps, tables and notes, without figures and pictures.

Texts reach rich as `Text`, in which neither brackets nor ":name:" have a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import rich.table
from rich import box
from rich.console import Console
from rich.text import Text

from ..document import Document, Section, one_line, split_stamp, unfolded
from ..table import Cell, Head, Table, heading_lines, headings, in_blocks
from ..text import EN_DASH, MINUS

_LONGEST = 40
"""Columns of texts with more characters may break their lines."""
_NARROWEST = 20
"""Characters that such a column needs at least."""
_Heads = Sequence[tuple[Head | None, Head]]
_Row = tuple[Cell, ...]
_GAP = 2
"""Characters between two columns."""
_NAME = 16
"""Characters of a row's name, where it becomes a heading, before its lines break."""


def show(document: Document, console: Console) -> None:
    """Print a document; a table that is wider than the console is transposed or split."""
    printer = _Printer(console)
    printer.line(document.title, "bold")
    for stamp in document.stamps:
        printer.stamp(*split_stamp(stamp))
    for section in document.sections:
        if section.terminal and not section.foreign:
            printer.section(section)
    shown = document.terminal_notes
    printer.notes(document.notes if shown is None else shown)
    if document.headline:
        printer.line("")
        printer.line(document.headline, "bold")


@dataclass(frozen=True)
class _Grid:
    """Texts in rows below headings; the first `stub` columns name the rows."""

    heads: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    stub: int

    @property
    def width(self) -> int:
        """Characters that a line needs."""
        needs = (
            _NARROWEST if self.is_long(column) else self._longest(column)
            for column in range(len(self.heads))
        )
        return sum(needs) + _GAP * (len(self.heads) - 1)

    def is_long(self, column: int) -> bool:
        """Return whether a column has texts whose lines break."""
        return self._longest(column) > _LONGEST

    def pieces(self, room: int) -> list[_Grid]:
        """Split the columns into grids that fit into the room, each with the stub."""
        columns = range(len(self.heads))
        end = len(columns)
        while end > self.stub + 1 and self._part(columns[:end]).width > room:
            end -= 1
        if end == len(columns):
            return [self]
        rest = self._part([*columns[: self.stub], *columns[end:]])
        return [self._part(columns[:end]), *rest.pieces(room)]

    def _part(self, columns: Sequence[int]) -> _Grid:
        heads, *rows = (
            tuple(row[column] for column in columns) for row in (self.heads, *self.rows)
        )
        return _Grid(heads, tuple(rows), self.stub)

    def _longest(self, column: int) -> int:
        return max(_width(row[column]) for row in (self.heads, *self.rows))


class _Printer:
    """Prints parts of a document to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str, style: str = "") -> None:
        """Print a text as it is."""
        self._console.print(self._text(text, style=style))

    def stamp(self, word: str, rest: str) -> None:
        """Print a stamp, whose word stands out."""
        marked = self._text(f" {word}: " if rest else f" {word} ", style="bold white on red")
        self._console.print(Text.assemble(marked, self._text(rest)))

    def section(self, section: Section) -> None:
        """Print the paragraphs and tables of a section, if it has any."""
        parts = [part for part in unfolded(section.parts) if isinstance(part, str | Table)]
        if parts:
            self.line("")
            self.line(section.heading, "bold")
        for part in parts:
            if isinstance(part, str):
                self.notes([part])
            else:
                self._table(part)

    def notes(self, notes: Iterable[str]) -> None:
        """Print a list."""
        grid = rich.table.Table.grid(padding=(0, 1))
        for note in notes:
            grid.add_row("-", self._text(note))
        if grid.rows:
            self.line("")
            self._console.print(grid)

    def _table(self, table: Table) -> None:
        self.line("")
        self.line(table.caption)
        layout, room = in_blocks(table), self._console.width
        heads = headings(table)[-layout.columns :]
        for name, rows in layout.blocks:
            if name is not None:
                self.line("")
                self.line(name, "bold")
            grid = self._grid(heads, rows, layout.stub)
            if grid.width > room and len(rows) < layout.columns - layout.stub:
                grid = self._transposed(heads, rows, layout.stub)
            elif grid.width > room:
                plain = [tuple(replace(cell, ends=None, below="") for cell in row) for row in rows]
                narrow = self._grid(heads, plain, layout.stub)
                if narrow.width <= room:
                    self.line("Without intervals, which need a wider terminal.", "dim")
                    grid = narrow
            for piece in grid.pieces(room):
                self.line("")
                self._print(piece)

    def _grid(self, heads: _Heads, rows: Sequence[_Row], stub: int) -> _Grid:
        room = self._console.width // 3
        cells = [
            (
                *(self._text(_broken(cell.text, room)) for cell in row[:stub]),
                *map(self._cell, row[stub:]),
            )
            for row in rows
        ]
        texts = []
        for column, pair in enumerate(heads):
            widest = max((_width(row[column]) for row in cells), default=0)
            texts.append(self._text(*(_broken(line, widest) for line in heading_lines(*pair))))
        return _Grid(tuple(texts), tuple(cells), stub)

    def _transposed(self, heads: _Heads, rows: Sequence[_Row], stub: int) -> _Grid:
        """Return the grid with columns as rows; headings above others get a column apart."""
        grouped = any(above for above, _ in heads)
        lines = []
        before = None
        for (above, head), *cells in zip(heads[stub:], *(row[stub:] for row in rows), strict=True):
            names = [self._text(" ".join(filter(None, (head.text, head.small))))]
            if grouped and above is None:
                names.append(Text())
            elif above:
                names.insert(0, Text() if above is before else self._text(above.text, above.small))
            before = above
            lines.append((*names, *map(self._cell, cells)))
        models = (self._text(*(_broken(cell.text, _NAME) for cell in row[:stub])) for row in rows)
        names = [Text()] * (1 + grouped)
        return _Grid((*names, *models), tuple(lines), 1 + grouped)

    def _cell(self, cell: Cell) -> Text:
        text = self._text(cell.text, style="bold" if cell.best else "dim" if cell.foreign else "")
        if cell.interval:
            return Text("\n").join([text, self._text(cell.interval, style="dim")])
        return text

    def _text(self, *lines: str, style: str = "") -> Text:
        """Return lines as a text that the console can encode; empty ones are left out."""
        text = "\n".join(one_line(line) for part in lines for line in part.split("\n") if line)
        encoding = self._console.encoding
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.replace(EN_DASH, "-").replace(MINUS, "-")
            text = text.encode(encoding, "replace").decode(encoding)
        return Text(text, style)

    def _print(self, grid: _Grid) -> None:
        table = rich.table.Table(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True
        )
        for column, head in enumerate(grid.heads):
            long = grid.is_long(column)
            left = long or column < grid.stub
            table.add_column(
                head, justify="left" if left else "right", no_wrap=not long, overflow="fold"
            )
        for row in grid.rows:
            table.add_row(*row)
        self._console.print(table)


def _broken(name: str, width: int) -> str:
    """Break a name after separators into lines of at most `width` characters, where it can be."""
    lines = [""]
    for word in re.findall(r"[^@_/.\- ]*[@_/.\- ]|[^@_/.\- ]+", name):
        if lines[-1] and len(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)


def _width(text: Text) -> int:
    return max(line.cell_len for line in text.split("\n", allow_blank=True))
