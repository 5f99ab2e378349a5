"""The pages of PDF files: how full they are, which way they lie, and where tables break."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typst
from PIL import Image
from pypdf import PdfReader

from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.run import Run
from robustbench_seg.reports.document import (
    Document,
    Gallery,
    Picture,
    PictureGroup,
    Plots,
    Section,
    unfolded,
)
from robustbench_seg.reports.formats import pdf
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.every_part import every_part
from tests.helpers.sample_report import png
from tests.helpers.stored_runs import stored_spec, write_run

TEXT = slice(0.067, 0.945)
"""The part of a page's height between its header and its footer."""


@pytest.fixture
def as_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Typst return a small picture of each page instead of a PDF file."""
    compiled = typst.compile

    def compile_pictures(main: Path, **options: Any) -> Any:
        return compiled(main, **{**options, "format": "png", "ppi": 20.0, "pdf_standards": []})

    monkeypatch.setattr(typst, "compile", compile_pictures)


def pages(document: Document) -> list[tuple[bool, float]]:
    """Return whether each page lies on its side, and the share of its height that is filled."""
    made: Any = pdf.render(document)
    found = []
    for content in [made] if isinstance(made, bytes) else made:
        picture = Image.open(io.BytesIO(content)).convert("L")
        ends = (int(TEXT.start * picture.height), int(TEXT.stop * picture.height))
        inked = np.flatnonzero((np.asarray(picture)[slice(*ends)] < 225).any(axis=1))
        filled = (inked[-1] + 1) / (ends[1] - ends[0]) if inked.size else 0.0
        found.append((picture.width > picture.height, float(filled)))
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("as_pictures")
@pytest.mark.parametrize("kind", ["run", "comparison", "resolution"])
def test_no_page_is_under_a_third_full_or_turned(kind: str, tmp_path: Path) -> None:
    suite = "resolution-table1c" if kind == "resolution" else "cityscapes-c"
    frames = 4 if kind == "comparison" else 10  # enough for intervals, which make tables wide
    spec = stored_spec(frames, ("b0", "b1"), suite=load_suite(suite))
    write_run(tmp_path, spec)
    run = Run.open(tmp_path)
    compared = compare_runs([run], tables=["segformer-table5"]) if kind == "comparison" else run
    *found, _ = pages(compared.report())
    assert len(found) > 1
    for turned, filled in found:
        assert not turned
        assert filled > 1 / 3
    for section in compared.report().sections:
        parts = list(unfolded(section.parts))
        drawn = [place for place, part in enumerate(parts) if isinstance(part, Plots)]
        told = [place for place, part in enumerate(parts) if isinstance(part, Table)]
        assert not drawn or not told or drawn[0] < told[0], section.heading


@pytest.mark.usefixtures("as_pictures")
def test_no_page_of_pictures_is_under_a_third_full() -> None:
    def group(rows: int, columns: int) -> PictureGroup:
        square = Picture("input", png(9))
        return PictureGroup("fog", "a frame", (square,) * rows * columns, columns)

    # A high group follows a low one, which fills a quarter of a page, and one that fits no page.
    shapes = ((5, 4), (1, 4), (5, 4), (1, 4), (4, 3), (1, 4), (9, 5), (1, 4))
    gallery = Gallery(tuple(group(*shape) for shape in shapes))
    *found, _ = pages(replace(every_part(), sections=(Section("Examples", (gallery,)),)))
    assert min(filled for _, filled in found) > 1 / 3


def test_no_page_has_a_row_or_two_of_a_block() -> None:
    rows = tuple(
        (Cell(f"m{block}"), Cell(f"m{block}r{row}")) for block in range(30) for row in range(8)
    )
    table = Table("", (Head("model"), Head("row")), rows, stub=2)
    document = replace(every_part(), sections=(Section("Summary", (table,)),))
    found = PdfReader(io.BytesIO(pdf.render(document))).pages
    counts = [Counter(re.findall(r"m(\d+)r\d", page.extract_text())) for page in found]
    assert len(counts) > 4
    assert sum(map(Counter.total, counts)) == len(rows)
    assert min(min(each.values(), default=3) for each in counts) >= 3
