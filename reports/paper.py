"""Paper: figures as SVG and PNG files on white, and Typst, which typesets PDF files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Literal

import typst

from .style import CSS_VARIABLES, GROUND, RC, encoded, template
from .svg import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PAGE = b"""#set page(width: auto, height: auto, margin: 0pt)
#set text(font: "DejaVu Sans")
#image("figure.svg")
"""

PRINTED: Final[dict[Any, Any]] = {
    **RC,
    "axes.edgecolor": "black",
    "axes.labelcolor": "black",
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "font.size": 8.0,
    "grid.color": "#d0d0d0",
    "grid.linewidth": 0.4,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.0,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",  # a reader may lack the font
    "text.color": "black",
    "xtick.color": "black",
    "xtick.labelcolor": "black",
    "xtick.labelsize": 7.0,
    "xtick.major.pad": 2.0,
    "ytick.color": "black",
    "ytick.labelcolor": "black",
    "ytick.labelsize": 7.0,
    "ytick.major.pad": 2.0,
}
"""Matplotlib's settings for figures of a paper: the type of Times, in black on white."""


def printed(figure: Figure, suffix: str) -> bytes:
    """Return a figure that was drawn with `PRINTED` as a PDF, SVG or PNG file (300 dpi)."""
    return encoded(figure, suffix, rc=PRINTED, dpi=300)


def svg(drawing: Drawing) -> bytes:
    """Return a figure as an SVG file with real text, in the light colours of pages, on white."""
    text = drawing.svg
    for stand_in, color in {**colors(), GROUND: "#ffffff"}.items():
        text = text.replace(stand_in, color)
    return text.encode("utf-8")


def png(drawing: bytes) -> bytes:
    """Convert an SVG file to PNG, with the same bytes on every machine."""
    return typeset({"main.typ": _PAGE, "figure.svg": drawing}, drawing.decode(), form="png")


@cache
def colors() -> dict[str, str]:
    """Return the light colour of each stand-in colour, from the style sheet of pages."""
    sheet = template("report.css")
    light = sheet[: sheet.index("}")]
    values = dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", light))
    return {stand_in: values[name[4:-1]] for stand_in, name in CSS_VARIABLES.items()}


def typeset(files: Mapping[str, bytes], text: str, *, form: Literal["pdf", "png"] = "pdf") -> bytes:
    """Typeset "main.typ" of `files`, name -> content. The same files give the same bytes.

    Fonts are those that come with Typst and matplotlib; system fonts are used only if `text` has
    characters that these lack. PDF files are tagged (PDF/UA-1); PNG files have 192 pixels per inch.
    """
    foreign = not _characters().issuperset(map(ord, text))
    with _temporary_folder(files) as folder:
        return typst.compile(
            folder / "main.typ",
            root=folder,
            format=form,
            font_paths=[_fonts()],
            ignore_system_fonts=not foreign,
            ppi=192.0 if form == "png" else None,
            pdf_standards=["ua-1"] if form == "pdf" else [],
        )


@contextmanager
def _temporary_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Write files for Typst to a temporary folder; OSError that names the folder above it."""
    with ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            for file, content in files.items():
                (folder / file).write_bytes(content)
        except OSError as error:
            why = f"{error.strerror}: set TMPDIR to a folder with room"
            raise OSError(error.errno, why, tempfile.tempdir or "the temporary folder") from error
        yield folder


@cache
def _characters() -> frozenset[int]:
    """Return the characters of matplotlib's text font, which has most of all fonts used."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(_fonts() / "DejaVuSans.ttf")).get_charmap())


def _fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib."""
    from matplotlib import get_data_path

    return Path(get_data_path()) / "fonts" / "ttf"
