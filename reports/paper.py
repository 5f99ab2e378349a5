"""A figure as a file on white paper: SVG with its text as text, and PNG."""

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
    """Return the figure as an SVG file in the light colours of the pages, on white."""
    buffer = io.StringIO()
    with rc_context(RC):
        figure.savefig(buffer, format="svg", facecolor="white", metadata={"Date": None})
    text = buffer.getvalue()
    for stand_in, color in colors().items():
        text = text.replace(stand_in, color)
    return text.encode("utf-8")


def png(drawing: bytes, pixels_per_inch: float = 192.0) -> bytes:
    """Return an SVG file as a PNG file, the same on every machine."""
    files = {"main.typ": _PAGE, "figure.svg": drawing}
    return typeset(files, [drawing.decode()], form="png", pixels_per_inch=pixels_per_inch)


@cache
def colors() -> dict[str, str]:
    """Return the stand-in colours of figures -> the light colours, which the style sheet has."""
    sheet = resources.files("reports").joinpath("templates", "report.css").read_text("utf-8")
    light = sheet[: sheet.index("}")]
    values = dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", light))
    return {stand_in: values[name[4:-1]] for stand_in, name in CSS_VARIABLES.items()}
