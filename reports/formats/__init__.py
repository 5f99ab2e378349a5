"""The formats of a document: one file each, and a line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

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

    The folder is made if needed. The same document gives the same bytes. Raises ValueError for an
    unknown format, before anything is written.
    """
    known = [*FORMATS, *FIGURES]
    if unknown := sorted(set(formats) - set(known)):
        raise ValueError(f"formats: {', '.join(unknown)} not known; choose from {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (file, render) in FORMATS.items():
        if name in formats:
            made = render(document)
            (folder / file).write_bytes(made if isinstance(made, bytes) else _encoded(made))
            paths.append(folder / file)
    if wanted := {name: convert for name, convert in FIGURES.items() if name in formats}:
        paths.append(folder / "figures")
        paths[-1].mkdir(exist_ok=True)
        for plot in document.plots():
            drawing = paper.svg(plot.draw())
            for name, convert in wanted.items():
                (paths[-1] / f"{plot.name}.{name}").write_bytes(convert(drawing))
    return paths


def _encoded(text: str) -> bytes:
    """Encode as UTF-8, with \ufffd for undecodable bytes of a command line."""
    return "".join("\ufffd" if "\ud800" <= mark <= "\udfff" else mark for mark in text).encode()
