"""Figures as SVG and PNG files on white paper."""

from __future__ import annotations

import io
import re
from functools import cache
from importlib import resources

from matplotlib import rc_context
from matplotlib.figure import Figure

from .style import CSS_VARIABLES, RC
from .typesetting import typeset

_PAGE = b"""#set page(width: auto, height: auto, margin: 0pt)
#set text(font: "DejaVu Sans")
#image("figure.svg")
"""


def svg(figure: Figure) -> bytes:
    """Return a figure as an SVG file with real text, in the light colours of pages, on white."""
    buffer = io.StringIO()
    with rc_context(RC):
        figure.savefig(buffer, format="svg", facecolor="white", metadata={"Date": None})
    text = buffer.getvalue()
    for stand_in, color in colors().items():
        text = text.replace(stand_in, color)
    return text.encode("utf-8")


def png(drawing: bytes, pixels_per_inch: float = 192.0) -> bytes:
    """Convert an SVG file to PNG, with the same bytes on every machine."""
    files = {"main.typ": _PAGE, "figure.svg": drawing}
    return typeset(files, [drawing.decode()], form="png", pixels_per_inch=pixels_per_inch)


@cache
def colors() -> dict[str, str]:
    """Return the light colour of each stand-in colour, from the style sheet of pages."""
    sheet = resources.files("reports").joinpath("templates", "report.css").read_text("utf-8")
    light = sheet[: sheet.index("}")]
    values = dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", light))
    return {stand_in: values[name[4:-1]] for stand_in, name in CSS_VARIABLES.items()}
