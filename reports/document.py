"""A report as a sequence of sections, before it is typeset: what PDF, LaTeX and Markdown share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from matplotlib.figure import Figure

from .report import Example
from .tables import Cell, Head, Table
from .text import corruption_name

MOST_LEVEL = 12
"""Above this many columns the headings of a table on paper stand upright."""


@dataclass(frozen=True)
class Plot:
    """A figure that is drawn when a format asks for it.

    `name` is its file name without a suffix, `caption` stands at it, `label` says in words what it
    shows, for readers who cannot see it.
    """

    name: str
    caption: str
    label: str
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Plots:
    """Figures under a heading of their own, with a note on how to read them.

    They stand in one column or in two; of an odd number in two, the first stands alone.
    """

    heading: str
    plots: tuple[Plot, ...]
    note: str = ""
    columns: int = 2


@dataclass(frozen=True)
class Picture:
    """An example picture: a caption and PNG bytes."""

    caption: str
    png: bytes


@dataclass(frozen=True)
class ExampleGroup:
    """One frame under one condition, as all models saw it."""

    condition: str
    image: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Gallery:
    """Example frames, and the colours of the classes in them."""

    groups: tuple[ExampleGroup, ...]
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; `foreign` numbers are others', not measured here."""

    heading: str
    parts: tuple[str | Table | Plots | Gallery, ...]
    foreign: bool = False


@dataclass(frozen=True)
class Document:
    """A whole report; `headlines` has the large numbers: model -> label -> cell."""

    title: str
    subtitle: str
    stamps: tuple[str, ...]
    notes: tuple[str, ...]
    meanings: tuple[tuple[str, str], ...]
    headlines: Mapping[str, Mapping[str, Cell]]
    sections: tuple[Section, ...]
    provenance: Mapping[str, Mapping[str, str]]

    def plots(self) -> tuple[Plot, ...]:
        """Return all figures, in their order."""
        parts = (part for section in self.sections for part in section.parts)
        return tuple(plot for part in parts if isinstance(part, Plots) for plot in part.plots)


@dataclass(frozen=True)
class Blocks:
    """The rows of a table in blocks: name -> rows, where a first column of names became these."""

    columns: int
    stub: int
    heads: tuple[tuple[Placed, ...], ...]
    blocks: tuple[tuple[str | None, tuple[tuple[Cell, ...], ...]], ...]


@dataclass(frozen=True)
class Placed:
    """A heading, the column at which it begins, and over how many rows of headings it stands."""

    head: Head
    column: int
    height: int

    @property
    def above(self) -> bool:
        """Whether it stands over others."""
        return self.height == 0


def in_blocks(table: Table) -> Blocks:
    """Gather rows that begin with the same name, where two cells name a row."""
    heads, columns, stub = _placed(table), len(table.columns), table.stub
    if table.groups:
        columns = sum(head.span for head in table.groups)
    gathered = [(row[0].text, row[1:]) for row in table.rows]
    blocks = tuple(
        (name, tuple(row for _, row in members))
        for name, members in groupby(gathered, key=lambda pair: pair[0])
    )
    if stub < 2 or table.groups or len(blocks) == len(table.rows):
        return Blocks(columns, stub, heads, ((None, table.rows),))
    shifted = tuple(replace(place, column=place.column - 1) for place in heads[0][1:])
    return Blocks(columns - 1, stub - 1, (shifted,), blocks)


def _placed(table: Table) -> tuple[tuple[Placed, ...], ...]:
    """Return the rows of headings; of two, those of the upper have the height 0 or 2."""
    below = tuple(Placed(head, column, 1) for column, head in table.numbered_columns())
    if not table.groups:
        return (below,)
    starts = accumulate((head.span for head in table.groups), initial=0)
    above = tuple(
        Placed(head, column, 2 if head.whole_height else 0)
        for head, column in zip(table.groups, starts, strict=False)
    )
    return above, below


def split_stamp(stamp: str) -> tuple[str, str]:
    """Split "UNTRAINED: random weights" into the word and the rest."""
    word, _, rest = stamp.partition(":")
    return word.strip(), rest.strip()


def example_groups(examples: Iterable[Example]) -> tuple[ExampleGroup, ...]:
    """Examples by frame and condition; a picture that all models share is shown once."""
    groups: dict[tuple[str, str], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.condition, example.image), []).append(example)
    result = []
    for (condition, image), members in groups.items():
        captions = dict.fromkeys(caption for example in members for caption in example.pictures)
        pictures: list[Picture] = []
        for caption in captions:
            owners = [example for example in members if caption in example.pictures]
            if len({example.pictures[caption] for example in owners}) == 1:
                pictures.append(Picture(caption, owners[0].pictures[caption]))
                continue
            pictures += [
                Picture(f"{caption}, {example.model}", example.pictures[caption])
                for example in owners
            ]
        result.append(ExampleGroup(corruption_name(condition), image, tuple(pictures)))
    return tuple(result)


def one_line(text: str) -> str:
    """Return a text that every format can hold: line ends as spaces, no control characters."""
    marks = {"\n": " ", "\r": " ", "\t": " "}
    return "".join(
        # Cc: control, Cs: halves of characters as in undecodable file names.
        "\ufffd" if unicodedata.category(mark) in ("Cc", "Cs") else mark
        for mark in (marks.get(mark, mark) for mark in text)
    )


def file_name(*words: object) -> str:
    """Make a name for a file out of any words: only letters of ASCII, digits, dots and dashes."""
    text = "-".join(map(str, words))
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:80] or "unnamed"
