"""The page of a comparison: its sections as markup."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .. import parts
from ..document import Gallery, Plots, Section, file_name
from ..svg import inline_svg
from ..table import Table
from .contents import document
from .description import Comparison


def context(comparison: Comparison) -> dict[str, Any]:
    """Return what the template of comparisons shows besides the texts of the report."""
    first, *others = [
        _section(section)
        for section in document(comparison).sections
        if not any(isinstance(part, Gallery) for part in section.parts)
    ]
    return {"first": first, "sections": others, "published": None}


def _section(section: Section) -> dict[str, Any]:
    name = file_name(section.heading).lower()
    return {
        "name": name,
        "heading": section.heading,
        "foreign": section.foreign,
        "parts": list(_parts(section, name)),
    }


def _parts(section: Section, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    numbers: Counter[str] = Counter()
    for part in section.parts:
        if isinstance(part, str):
            found.append({"text": part})
        elif isinstance(part, Table):
            numbers["table"] += 1
            found.append({"table": parts.table(part, f"{name}-table-{numbers['table']}")})
        elif isinstance(part, Plots):
            plots = [
                {
                    "caption": plot.caption,
                    "drawing": inline_svg(plot.draw(), f"plot-{plot.name}", plot.label),
                }
                for plot in part.plots
            ]
            found.append({"heading": part.heading, "note": part.note, "plots": plots})
    return found
