"""A document as GitHub's Markdown: notes, tables and provenance, without figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...visible import visible
from ..document import Document, Listing, Section, one_line, split_stamp, unfolded
from ..table import Cell, Table, heading_lines, headings

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}


def render(document: Document) -> str:
    """Return a document as Markdown. The same document gives the same bytes."""
    return "\n\n".join(_blocks(document)) + "\n"


def table(description: Table) -> str:
    """Return a table; headings of the upper row are repeated in each column below them."""
    heads = ["<br>".join(map(escape, heading_lines(*pair))) for pair in headings(description)]
    rows = [tuple(map(_cell, row)) for row in description.rows]
    # All readers accept a rule of three characters or more.
    widths = [max(3, *map(len, column)) for column in zip(heads, *rows, strict=True)]
    rules = [
        "-" * width if place < description.stub else "-" * (width - 1) + ":"
        for place, width in enumerate(widths)
    ]
    return "\n".join(_line(row, widths, description.stub) for row in (heads, rules, *rows))


def listing(part: Listing) -> str:
    """Return a text as it is, between lines of more backticks than it has."""
    fence = "`" * max([3, *(1 + len(run) for run in re.findall("`+", part.text))])
    text = visible(part.text, kept="\n").rstrip()
    return f"{fence}\n{text}\n{fence}"


def escape(text: str) -> str:
    """Escape a text so that it has no meaning in a cell or at the start of a line."""
    text = re.sub(r"([\\`*\[\]|~])", r"\\\1", one_line(text).strip())
    text = re.sub(r"[&<>$]", lambda mark: _ENTITIES[mark[0]], text)
    # Underscores within a word and the @ of b0@streets have no meaning and stay legible.
    text = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)
    text = re.sub(r"(?<!\w)@", "&#64;", text)
    return re.sub(r"^(\d*)([-+#=]|(?<=\d)[.)](?=\s|$))", r"\1\\\2", text)


def _blocks(document: Document) -> Iterator[str]:
    yield f"# {escape(document.title)}"
    if document.stamps:
        yield "\n".join(["> [!CAUTION]", *map(_stamp, document.stamps)])
    if document.headline:
        yield f"**{escape(document.headline)}**"
    yield escape(document.subtitle)
    first, *others = document.sections
    yield from _section(first)
    if document.notes:
        yield "## Notes"
        yield "\n".join(f"- {escape(note)}" for note in document.notes)
    yield "## What the numbers mean"
    yield "\n".join(f"- **{escape(term)}** {escape(text)}" for term, text in document.meanings)
    for section in others:
        yield from _section(section)
    yield "## Provenance"
    for heading, entries in document.provenance.items():
        yield f"### {escape(heading)}"
        yield "\n".join(f"- {escape(key)}: {escape(value)}" for key, value in entries.items())


def _stamp(stamp: str) -> str:
    word, rest = map(escape, split_stamp(stamp))
    return f"> - **{word}** {rest}".rstrip()


def _section(section: Section) -> Iterator[str]:
    texts = [part for part in unfolded(section.parts) if isinstance(part, str | Table | Listing)]
    if not texts:
        return
    yield f"## {escape(section.heading)}"
    for part in texts:
        if isinstance(part, str):
            yield escape(part)
        elif isinstance(part, Listing):
            yield listing(part)
        else:
            yield escape(part.caption)
            yield table(part)


def _cell(cell: Cell) -> str:
    text = f"**{escape(cell.text)}**" if cell.best else escape(cell.text)
    return "<br>".join(filter(None, (text, escape(cell.interval))))


def _line(cells: Sequence[str], widths: Sequence[int], stub: int) -> str:
    padded = (
        cell.ljust(width) if place < stub else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"
