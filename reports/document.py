"""The description of a report: notes, and sections of parts, which every format writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..visible import visible
from .svg import Drawing, drawn
from .table import Cell, Table, check_link

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A figure that is drawn when a format needs it.

    `name` is its file name without a suffix, unique in the document; `label` says in words what it
    shows, for readers who cannot see it. Where `draw` can be pickled, another process may draw it.
    """

    name: str
    caption: str
    label: str
    draw: Callable[[], Figure]

    def drawing(self) -> Drawing:
        """Return the figure as SVG."""
        return drawn(self.draw())


@dataclass(frozen=True)
class Plots:
    """Figures side by side under a heading, with a note on how to read them.

    `columns` is their number in a row on paper. With `lead`, the first is larger than the others.
    `aside` stands in small beside the heading.
    """

    heading: str
    plots: tuple[Plot, ...]
    note: str = ""
    columns: int = 2
    aside: str = ""
    lead: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture: a caption and PNG bytes.

    `name` is its identifier in a page, "" for none; `link` leads from there to its numbers.
    """

    caption: str
    png: bytes
    name: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        check_link(self.link, self.name, self.caption)
        if not self.png.startswith(b"\x89PNG\r\n\x1a\n"):
            raise ValueError(f"picture {self.caption!r} is not a PNG file: pass encoded PNG bytes")


@dataclass(frozen=True)
class PictureGroup:
    """Pictures of one subject under a heading, such as one frame under one condition.

    With `columns`, they are a grid, row by row, in which None is an empty place.
    """

    heading: str
    aside: str
    pictures: tuple[Picture | None, ...]
    columns: int = 0


@dataclass(frozen=True)
class Gallery:
    """Pictures in groups.

    `legend` has the names and colours "#rrggbb" of their classes, `marks` those of error maps.
    """

    groups: tuple[PictureGroup, ...]
    legend: tuple[tuple[str, str], ...] = ()
    marks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for name, color in (*self.legend, *self.marks):
            _check_color(color, f"class {name!r}")


@dataclass(frozen=True)
class Card:
    """The numbers of one subject, as (label, cell): large ones, bars from 0 to 1, small ones."""

    title: str
    headline: tuple[tuple[str, Cell], ...]
    bars: tuple[tuple[str, Cell], ...] = ()
    further: tuple[tuple[str, Cell], ...] = ()
    note: str = ""
    reference: Cell | None = None
    """A number that is marked on every bar."""


@dataclass(frozen=True)
class Cards:
    """Cards with the numbers of a table, which paper and texts show in their place."""

    cards: tuple[Card, ...]


@dataclass(frozen=True)
class KeyEntry:
    """A mark of the figures and its meaning.

    `colors` are "#rrggbb" or stand-ins of `style`: a gradient's from end to end, a line's own.
    """

    mark: Literal["gradient", "hatched", "hollow", "dashed", "line"]
    text: str
    colors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for color in self.colors:
            _check_color(color, f"key entry {self.text!r}")


@dataclass(frozen=True)
class Key:
    """The marks that the figures below share."""

    entries: tuple[KeyEntry, ...]


@dataclass(frozen=True)
class Listing:
    """Text to save as a file of a name, such as BibTeX; formats for paper leave it out."""

    file: str
    text: str


@dataclass(frozen=True)
class Fold:
    """Parts that a page shows on a click on `summary`; on paper and in text they are open."""

    summary: str
    parts: tuple[OpenPart, ...]
    open: bool = False


OpenPart: TypeAlias = str | Table | Plots | Gallery | Cards | Key | Listing
"""A part of a section; a text is a paragraph."""
Part: TypeAlias = OpenPart | Fold


@dataclass(frozen=True)
class Section:
    """A heading with parts.

    `short` is its name in the navigation, `heading` by default. `foreign` sections have numbers
    measured by others. Without `terminal` the section is left out of the terminal.
    """

    heading: str
    parts: tuple[Part, ...]
    short: str = ""
    foreign: bool = False
    terminal: bool = True


@dataclass(frozen=True)
class Document:
    """A whole report.

    Notes and meanings, (term, explanation), follow the first section. A stamp such as "UNTRAINED:
    random weights" is shown at the head, and its word on every section that is not foreign.
    `provenance` is heading -> key -> value.
    """

    title: str
    subtitle: str
    stamps: tuple[str, ...]
    notes: tuple[str, ...]
    meanings: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    provenance: Mapping[str, Mapping[str, str]]
    kind: str = "Robustness report"
    headline: str = ""
    """What was found, in a sentence at the head; in a terminal the last line."""
    terminal_notes: tuple[str, ...] | None = None
    """Notes that a terminal shows; None: all."""

    @property
    def stamp_words(self) -> tuple[str, ...]:
        """The words of the stamps, each once: "UNTRAINED" of "UNTRAINED: random weights"."""
        return tuple(dict.fromkeys(split_stamp(stamp)[0] for stamp in self.stamps))

    @property
    def stamped_title(self) -> str:
        """The title after the words of the stamps, for browsers and the metadata of files."""
        return " \u00b7 ".join((*self.stamp_words, self.title))

    def plots(self) -> tuple[Plot, ...]:
        """Return all figures in their order."""
        parts = (part for section in self.sections for part in unfolded(section.parts))
        return tuple(plot for part in parts if isinstance(part, Plots) for plot in part.plots)


def unfolded(parts: Iterable[Part]) -> Iterator[OpenPart]:
    """Yield the parts, with those of each fold in its place."""
    for part in parts:
        if isinstance(part, Fold):
            yield from part.parts
        else:
            yield part


def changed(section: Section, change: Callable[[OpenPart], OpenPart]) -> Section:
    """Return a section with each part as `change` returns it, those of folds too."""

    def of(part: Part) -> Part:
        if isinstance(part, Fold):
            return replace(part, parts=tuple(map(change, part.parts)))
        return change(part)

    return replace(section, parts=tuple(map(of, section.parts)))


def _check_color(color: str, owner: str) -> None:
    # The colour goes into a style attribute, where only a colour may stand.
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise ValueError(f"colour {color!r} of {owner} is not of the form #rrggbb")


def split_stamp(stamp: str) -> tuple[str, str]:
    """Split "UNTRAINED: random weights" into the word and the rest."""
    word, _, rest = stamp.partition(":")
    return word.strip(), rest.strip()


def one_line(text: str) -> str:
    """Return a text that every format can hold: line ends as spaces, control characters escaped."""
    return visible(re.sub(r"[\n\r\t]", " ", text))


def file_name(*words: object) -> str:
    """Make a file name out of any words: only letters of ASCII, digits, dots and dashes."""
    text = "-".join(map(str, words))
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:80].rstrip("-.") or "unnamed"
