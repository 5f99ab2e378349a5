"""The head of a document as a part of a notebook, in the colours of the notebook's theme."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from markupsafe import Markup

from ...visible import visible
from ..document import Document, Plot, split_stamp
from ..paper import colors
from ..style import CSS_VARIABLES, SERIES
from ..svg import inline_svg

_HEAD = Markup(
    '<div style="{series} --ink: currentColor; --surface: transparent;'
    " --muted: color-mix(in srgb, currentColor 75%, transparent);"
    ' --rule: color-mix(in srgb, currentColor 25%, transparent)">'
    "<p><strong>{title}</strong>{stamps}</p><p>{headline}</p>"
    '<div style="display: flex; flex-wrap: wrap; gap: 1.5em">{figures}</div>'
    '<p style="opacity: 0.75">{foot}</p></div>'
)
_STAMP = Markup(
    ' <span title="{rest}" style="border: 1px solid; border-radius: 3px; padding: 0 0.4em;'
    ' font-size: 0.8em; white-space: nowrap">{word}</span>'
)
_FIGURE = Markup(
    '<figure style="margin: 0; flex: 0 1 320px">'
    "<figcaption>{caption}</figcaption>{drawing}</figure>"
)


def head(document: Document, plots: Sequence[Plot], foot: str) -> str:
    """Return title, stamps, headline, small figures and a last line as HTML.

    Figures are drawn in ink on transparent ground: they take the colour of the text around them.
    """
    # Several may stand on a page, whose identifiers must differ.
    key = hashlib.sha256(f"{document.title}{document.headline}{foot}".encode()).hexdigest()[:8]
    figures = (
        _FIGURE.format(
            caption=visible(plot.caption),
            drawing=inline_svg(plot.drawing(), f"head-{key}-{number}", visible(plot.label)),
        )
        for number, plot in enumerate(plots, start=1)
    )
    stamps = (
        _STAMP.format(word=visible(word), rest=visible(rest))
        for word, rest in map(split_stamp, document.stamps)
    )
    return _HEAD.format(
        series=" ".join(
            f"{CSS_VARIABLES[each][4:-1]}: color-mix(in srgb, {colors()[each]} 60%, currentColor);"
            for each in SERIES
        ),
        title=visible(document.title),
        stamps=Markup("").join(stamps),
        headline=visible(document.headline),
        figures=Markup("").join(figures),
        foot=visible(foot),
    )
