"""A document as a PDF file, typeset by Typst: vector figures, contents, embedded fonts.

Texts reach Typst as strings of a JSON file, which it never interprets as markup.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .. import paper
from ..document import (
    Document,
    Gallery,
    Key,
    KeyEntry,
    OpenPart,
    Plots,
    Section,
    one_line,
    split_stamp,
    unfolded,
)
from ..style import template
from ..table import MOST_LEVEL, Cell, Placed, Table, in_blocks, turned

_WIDEST = 105
"""Characters in the rows of a table, above which the table or its page is turned."""


def render(document: Document) -> bytes:
    """Return a document as a PDF file. The same document gives the same bytes."""
    files = {"main.typ": template("report.typ").encode()}
    content = json.dumps(_printable(_content(document, files)), ensure_ascii=False)
    files["report.json"] = content.encode()
    return paper.typeset(files, content)


def _content(document: Document, files: dict[str, bytes]) -> dict[str, Any]:
    """Describe a document in lists and dictionaries; its figures and pictures go to `files`."""
    return {
        **vars(document),
        "stamped_title": document.stamped_title,
        "stamp_words": document.stamp_words,
        "stamps": [split_stamp(stamp) for stamp in document.stamps],
        "sections": [_section(section, files) for section in document.sections],
        "provenance": [
            {"heading": heading, "entries": list(entries.items())}
            for heading, entries in document.provenance.items()
        ],
    }


def _section(section: Section, files: dict[str, bytes]) -> dict[str, Any]:
    parts = [shown for part in unfolded(section.parts) if (shown := _part(part, files))]
    return {
        "heading": section.heading,
        "foreign": section.foreign,
        "wide": any(part.get("wide") for part in parts),
        "parts": parts,
    }


def _part(part: OpenPart, files: dict[str, bytes]) -> dict[str, Any] | None:
    if isinstance(part, str):
        return {"kind": "text", "text": part}
    if isinstance(part, Table):
        fitted = turned(part) if is_wide(part) and not is_wide(turned(part)) else part
        return {"kind": "table", "wide": is_wide(fitted), **table(fitted)}
    if isinstance(part, Plots):
        return _plots(part, files)
    if isinstance(part, Gallery):
        return _gallery(part, files)
    if isinstance(part, Key):
        return {"kind": "key", "entries": [_entry(entry) for entry in part.entries]}
    return None  # cards, whose numbers are in the table below them


def table(description: Table) -> dict[str, Any]:
    """Describe a table for the template: headings, and rows in blocks."""
    layout = in_blocks(description)
    return {
        "caption": description.caption,
        "columns": layout.columns,
        "stub": layout.stub,
        "upright": layout.columns > MOST_LEVEL,
        "heads": [[_head(place) for place in row] for row in layout.heads],
        "blocks": [
            {"name": name, "rows": [[_cell(cell) for cell in row] for row in rows]}
            for name, rows in layout.blocks
        ],
    }


def _head(place: Placed) -> dict[str, Any]:
    return {
        "text": place.head.text,
        "small": place.head.small,
        "span": place.head.span,
        "column": place.column,
        "height": max(place.height, 1),
        "above": place.above,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    described = {"text": cell.text, "small": cell.interval, "shade": cell.shade}
    marks = {"best": cell.best, "foreign": cell.foreign}
    return {**described, **{name: True for name, is_set in marks.items() if is_set}}


def is_wide(description: Table) -> bool:
    """Estimate from the longest words of its columns whether a table needs a turned page."""
    texts = [
        [max(map(len, re.split(r"[\s/_@]", f"{cell.text} {cell.interval}"))) for cell in row]
        for row in description.rows
    ]
    widths: list[int] = [max(column) for column in zip(*texts, strict=True)]
    # Names of rows may break.
    return min(sum(widths[: description.stub]), 24) + sum(widths[description.stub :]) > _WIDEST


def _plots(part: Plots, files: dict[str, bytes]) -> dict[str, Any]:
    plots, wide = [], False
    for plot in part.plots:
        file, drawing = f"{plot.name}.svg", plot.drawing()
        files[file] = paper.svg(drawing)
        wide |= drawing.is_wide
        plots.append({"file": file, "caption": plot.caption, "label": plot.label})
    return {"kind": "plots", **vars(part), "wide": wide, "plots": plots}


def _entry(entry: KeyEntry) -> dict[str, Any]:
    colors = [paper.colors().get(color, color) for color in entry.colors]
    return {"mark": entry.mark, "text": entry.text, "colors": colors}


def _gallery(part: Gallery, files: dict[str, bytes]) -> dict[str, Any]:
    groups = []
    for group in part.groups:
        pictures: list[dict[str, str] | None] = []
        for picture in group.pictures:
            if picture is None:
                pictures.append(None)
                continue
            file = f"example-{len(files)}.png"
            files[file] = picture.png
            label = f"{picture.caption}, {group.heading}, {group.aside}"
            pictures.append({"file": file, "caption": picture.caption, "label": label})
        groups.append({**vars(group), "pictures": pictures})
    return {"kind": "gallery", "legend": part.legend, "marks": part.marks, "groups": groups}


def _printable(content: Any) -> Any:
    if isinstance(content, str):
        return one_line(content)
    if isinstance(content, dict):
        return {name: _printable(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_printable(value) for value in content]
    return content
