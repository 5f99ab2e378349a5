"""A document as one HTML file that needs no other file and no network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ...visible import visible
from ..document import (
    Cards,
    Document,
    Gallery,
    Key,
    Listing,
    Part,
    Plots,
    Section,
    file_name,
    split_stamp,
)
from ..style import CSS_VARIABLES, template
from ..svg import inline_svg
from ..table import Table

_SHRUNK = 0.85
"""Share of their width to which figures shrink before fewer stand in a row."""


def render(document: Document) -> str:
    """Return a document as a page. The same document gives the same bytes."""
    script = Markup(template("report.js").strip())
    parts = _Parts()
    first, *others = document.sections
    return (
        _environment()
        .get_template("report.html")
        .render(
            document=document,
            stamps=[split_stamp(stamp) for stamp in document.stamps],
            css=Markup(template("report.css").strip()),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            sections=[
                (first, parts.opening(document)),
                *((section, parts.of(section.parts, section)) for section in others),
            ],
        )
        + "\n"
    )


@dataclass(frozen=True)
class Page(Document):
    """A document as results return it; a notebook shows it as its HTML page."""

    def _repr_html_(self) -> str:
        # In a frame, styles and scripts cannot reach the notebook around it.
        return (
            f'<iframe title="{escape(visible(self.title))}" '
            'sandbox="allow-scripts allow-downloads" '
            'style="width: 100%; height: 80vh; border: 0" '
            f'srcdoc="{escape(render(self))}"></iframe>'
        )


def table(description: Table, name: str) -> Markup:
    """Return a sortable table in a container that scrolls; `name` is its identifier."""
    return macro("table", description, name)


def breakable(name: str) -> Markup:
    """Escape a name, and let lines break after its separators."""
    return Markup(re.sub(r"([@_/.])(?=.)", r"\1<wbr>", str(escape(visible(name)))))


class _Parts:
    """The parts of one page, which have unique identifiers."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()

    def opening(self, document: Document) -> Markup:
        """Return the markup of the first section, with the notes in it.

        Beside the notes is room for the first part that is narrow: one card or one figure.
        """
        first = document.sections[0]
        narrow = [place for place, part in enumerate(first.parts) if _is_narrow(part)]
        place, *_ = (*narrow, len(first.parts))
        runs = first.parts[:place], first.parts[place : place + 1], first.parts[place + 1 :]
        return macro("opening", document, *(self.of(run, first) for run in runs))

    def of(self, parts: Iterable[Part], section: Section) -> Markup:
        """Return the markup of parts of a section."""
        return Markup("\n").join(self._part(part, section) for part in parts)

    def _part(self, part: Part, section: Section) -> Markup:
        if isinstance(part, str):
            return Markup("<p>{}</p>").format(visible(part, kept="\n"))
        if isinstance(part, Table):
            return table(part, part.name or self._name(f"{_identifier(section)}-table"))
        if isinstance(part, Plots):
            return self._plots(part)
        if isinstance(part, Cards):
            return macro("cards", part)
        if isinstance(part, Gallery):
            return macro("gallery", part)
        if isinstance(part, Key):
            return macro("key", part)
        if isinstance(part, Listing):
            return macro("listing", part)
        return macro("fold", part, self.of(part.parts, section))

    def _plots(self, part: Plots) -> Markup:
        """Return figures, each with its label if it is to scroll, in rows that fit a page."""
        drawings = [plot.drawing() for plot in part.plots]
        drawn = [
            (
                plot.caption,
                inline_svg(drawing, self._name("figure"), visible(plot.label)),
                plot.label if drawing.is_wide else "",
            )
            for plot, drawing in zip(part.plots, drawings, strict=True)
        ]
        narrowest = round(_SHRUNK * drawings[-1].width)
        return macro("plots", part, drawn, narrowest, self._name("plots"))

    def _name(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}-{self._numbers[kind]}"


def _is_narrow(part: Part) -> bool:
    if isinstance(part, Cards):
        return len(part.cards) == 1
    return isinstance(part, Plots) and len(part.plots) == 1 and part.columns > 1


def _identifier(section: Section) -> str:
    return file_name(section.short or section.heading).lower()


def _shown(value: object) -> object:
    """Return what a template writes: texts of documents are inert, markup is ours."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value, kept="\n\t")
    return value


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


@cache
def _environment() -> Environment:
    """Return the templates: every text is escaped, and undefined names are errors."""
    templates = Environment(
        loader=PackageLoader(__package__.removesuffix(".formats")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    templates.filters |= {
        "breakable": breakable,
        "css_color": lambda color: CSS_VARIABLES.get(color, color),
        "data_uri": _data_uri,
        "identifier": _identifier,
    }
    return templates


def macro(name: str, *arguments: object) -> Markup:
    """Render a macro of parts.html."""
    markup = getattr(_environment().get_template("parts.html").module, name)(*arguments)
    assert isinstance(markup, Markup)
    return markup
