"""The formats of a document: one file each, and a line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from ...writing import make_folder, write_file
from .. import paper
from ..document import Document
from . import html, latex, markdown, pdf


class Format(NamedTuple):
    """A file format: the name of its file, and the function that makes its content."""

    file: str
    render: Callable[[Document], str | bytes]


FORMATS: dict[str, Format] = {
    "html": Format("report.html", html.render),
    "pdf": Format("report.pdf", pdf.render),
    "md": Format("report.md", markdown.render),
    "latex": Format("report.tex", latex.render),
}
FIGURES: dict[str, Callable[[bytes], bytes]] = {"svg": bytes, "png": paper.png}
"""Format of single figures, which go to the folder "figures" -> conversion of an SVG file to it."""


def write(document: Document, folder: Path, formats: Collection[str]) -> list[Path]:
    """Write a document in each of the formats and return the paths, of figures that of the folder.

    The folder is made if needed; each file appears whole or not at all. The same document gives the
    same bytes. Raises ValueError for an unknown format, before anything is written, and OSError.
    """
    known = [*FORMATS, *FIGURES]
    if unknown := sorted(set(formats) - set(known)):
        raise ValueError(f"formats: {', '.join(unknown)} not known; choose from {', '.join(known)}")
    paths = []
    for name, (file, render) in FORMATS.items():
        if name in formats:
            made = render(document)
            content = made if isinstance(made, bytes) else made.encode()
            write_file(folder / file, content, folder)
            paths.append(folder / file)
    if wanted := {name: convert for name, convert in FIGURES.items() if name in formats}:
        paths.append(folder / "figures")
        make_folder(paths[-1], folder)
        for plot in document.plots():
            drawing = paper.svg(plot.drawing())
            for name, convert in wanted.items():
                write_file(paths[-1] / f"{plot.name}.{name}", convert(drawing), folder)
    return paths
