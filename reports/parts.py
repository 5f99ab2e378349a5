"""The parts of a report in HTML: each a pure function from a description to markup.

Jinja2 escapes every text that is handed in; what is markup already says so by its type.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from .report import Intervals
from .table import Cell, Table
from .tables import HEADINGS, scores_of


@dataclass(frozen=True)
class Figure:
    """One number with its label."""

    label: str
    cell: Cell


@dataclass(frozen=True)
class Card:
    """The numbers of one model: three large ones, bars by category, and the rest."""

    model: str
    headline: tuple[Figure, ...]
    bars: tuple[Figure, ...]
    further: tuple[Figure, ...]
    covers: str = ""
    """What the intervals of the numbers cover."""


@cache
def environment() -> Environment:
    """Return the templates: every text is escaped, no undefined name is forgiven."""
    templates = Environment(
        loader=PackageLoader("reports", "templates/old"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["breakable"] = breakable
    templates.filters["data_uri"] = data_uri
    return templates


def breakable(name: str) -> Markup:
    """Escape a name, and let lines break after its separators."""
    return Markup(re.sub(r"([@_/.])(?=.)", r"\1<wbr>", str(escape(name))))


def data_uri(png: bytes) -> str:
    """Write a PNG file as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def asset(name: str) -> Markup:
    """Read a style sheet or script of the templates, as it is."""
    text = resources.files("reports").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text.strip())


def table(description: Table, name: str) -> Markup:
    """Write a sortable table in a container that scrolls; `name` is its identifier in the page."""
    return _macro("table", description, name)


def card(
    model: str,
    numbers: pd.Series[float],
    categories: tuple[str, ...],
    intervals: Intervals | None = None,
) -> Card:
    """Arrange the row of a model in the summary; columns that it lacks are left out."""
    cells = dict(zip(map(str, numbers.index), scores_of(numbers, intervals), strict=True))
    large = ("clean", "suite score", "retention")
    small = [str(name) for name in numbers.index if name not in (*large, *categories)]

    def figures(names: Iterable[str]) -> tuple[Figure, ...]:
        return tuple(
            Figure(HEADINGS.get(name, (name, ""))[0], cells[name])
            for name in names
            if name in cells
        )

    return Card(
        model,
        figures(large),
        figures(("clean", *categories)),
        figures(small),
        intervals.covers if intervals else "",
    )


def card_html(description: Card) -> Markup:
    """Write the card as an article with a heading of the third level."""
    return _macro("card", description)


def _macro(name: str, *arguments: object) -> Markup:
    markup = getattr(environment().get_template("parts.html").module, name)(*arguments)
    assert isinstance(markup, Markup)
    return markup
