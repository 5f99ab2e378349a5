"""A report as files of any format, under names that do not change."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from . import paper
from .contents import document_of
from .formats import latex, markdown, old_html, pdf
from .report import Page
from .text import encoded

PAGES = {"html": "report.html", "pdf": "report.pdf", "md": "report.md", "latex": "report.tex"}
"""Format -> the name of its file."""
FIGURES = ("svg", "png")
"""Formats of single figures, which go to a folder "figures"."""


def write(report: Page, folder: Path, formats: Collection[str]) -> list[Path]:
    """Write the report in each of the formats, making the folder; return the paths.

    Of figures, the path is that of their folder. The same report gives the same bytes.
    """
    unknown = set(formats) - set(PAGES) - set(FIGURES)
    if unknown:
        raise ValueError(f"no such formats: {', '.join(sorted(unknown))}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, file in PAGES.items():
        if name in formats:
            made = _page(report, name)
            (folder / file).write_bytes(made if isinstance(made, bytes) else encoded(made))
            paths.append(folder / file)
    wanted = [name for name in FIGURES if name in formats]
    if wanted:
        paths.append(_write_figures(report, folder / "figures", wanted))
    return paths


def _page(report: Page, name: str) -> str | bytes:
    if name == "html":
        return old_html.render(report)
    if name == "pdf":
        return pdf.render(document_of(report))
    render = markdown.render if name == "md" else latex.render
    return render(document_of(report))


def _write_figures(report: Page, folder: Path, formats: Collection[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for plot in document_of(report).plots():
        drawing = paper.svg(plot.draw())
        if "svg" in formats:
            (folder / f"{plot.name}.svg").write_bytes(drawing)
        if "png" in formats:
            (folder / f"{plot.name}.png").write_bytes(paper.png(drawing))
    return folder
