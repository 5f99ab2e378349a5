"""Typst, which typesets PDF files and converts SVG to PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import matplotlib
import typst
from matplotlib.ft2font import FT2Font


def typeset(
    files: Mapping[str, bytes],
    texts: Iterable[str] = (),
    *,
    form: Literal["pdf", "png"] = "pdf",
    pixels_per_inch: float = 192.0,
) -> bytes:
    """Typeset "main.typ" of `files`, name -> content. The same files give the same bytes.

    Fonts are those that come with Typst and matplotlib; system fonts are used only if `texts`
    have characters that these lack. PDF files are tagged (PDF/UA-1).
    """
    known = _characters()
    foreign = any(ord(mark) not in known for text in texts for mark in text)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        return typst.compile(
            folder / "main.typ",
            root=folder,
            format=form,
            font_paths=[_font_folder()],
            ignore_system_fonts=not foreign,
            ppi=pixels_per_inch if form == "png" else None,
            pdf_standards=["ua-1"] if form == "pdf" else [],
        )


def template(name: str) -> bytes:
    """Return a Typst template."""
    return resources.files("reports").joinpath("templates", name).read_bytes()


def _font_folder() -> Path:
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@cache
def _characters() -> frozenset[int]:
    """Return the characters of matplotlib's text font, which has most of all fonts used."""
    return frozenset(FT2Font(str(_font_folder() / "DejaVuSans.ttf")).get_charmap())
