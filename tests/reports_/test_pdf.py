"""PDF files: their text, structure and fonts, as a PDF reader finds them, and equal bytes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from robustbench_seg.reports.formats import pdf
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.paths import ROOT
from tests.helpers.sample_report import (
    sample_document,
)

EVIL = '#import "a" $x$ *b* _i_ `c` #{1+1} \\ <l> @x // [y] "q" -- \' = h'


@pytest.fixture(scope="module")
def hostile() -> PdfReader:
    """Return a report whose names are markup in every language of this project."""
    document = sample_document(
        (EVIL, "b1"),
        title=EVIL,
        image=EVIL,
        note=f"{EVIL} caf\u00e9 \u4e2d \x00 \udc80",
        classes=(EVIL, "sky"),
        stamps=(f"UNTRAINED: {EVIL}", "PARTIAL: 1 of 2 frames"),
    )
    document = replace(document, provenance={EVIL: {EVIL: EVIL}, "run": {"digest": 64 * "0123"}})
    return PdfReader(io.BytesIO(pdf.render(document)))


def text_of(reader: PdfReader) -> str:
    return " ".join("".join(page.extract_text() for page in reader.pages).split())


def test_wide_tables_have_upright_headings_and_wider_ones_a_turned_page() -> None:
    def width(columns: int, text: str) -> tuple[bool, bool]:
        cells = tuple(Cell(text) for _ in range(columns))
        table = Table("", tuple(Head(str(column)) for column in range(columns)), (cells,))
        return pdf.table(table)["upright"], pdf.is_wide(table)

    assert width(12, "10.0") == (False, False)
    assert width(20, "10.0") == (True, False)
    assert width(20, "10.0\u201320.0") == (True, True)


@pytest.mark.slow
def test_hostile_names_are_shown_as_they_are(hostile: PdfReader) -> None:
    # Lines break within names, and the reader sees a space there.
    text, name = text_of(hostile).replace(" ", ""), EVIL.replace(" ", "")
    assert text.count(name) >= 10
    assert hostile.metadata is not None
    assert hostile.metadata.title == f"UNTRAINED \u00b7 PARTIAL \u00b7 {EVIL}"
    assert "UNTRAINED" in str(hostile.metadata["/Keywords"])


def test_text_may_have_characters_that_the_fonts_lack(hostile: PdfReader) -> None:
    assert r"café 中 \x00 \udc80" in text_of(hostile)


def test_stamps_are_on_every_page(hostile: PdfReader) -> None:
    for page in hostile.pages:
        assert "UNTRAINED" in page.extract_text()
        assert "PARTIAL" in page.extract_text()


def test_file_is_tagged_has_contents_and_embeds_its_fonts(hostile: PdfReader) -> None:
    root: Any = hostile.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert b"<pdfuaid:part>1<" in root["/Metadata"].get_data()
    assert root["/Lang"] == "en"
    headings = [str(entry["/Title"]) for entry in hostile.outline if not isinstance(entry, list)]
    assert headings == [
        "Summary",
        "By corruption",
        "By severity",
        "By class",
        "Example frames",
        "References",
        "Provenance",
    ]
    for page in hostile.pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            assert "/FontFile3" in (inner := _inner(font)) or "/FontFile2" in inner


def _inner(font: Any) -> Any:
    return font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()


def test_file_has_no_date(hostile: PdfReader) -> None:
    assert hostile.metadata is not None
    assert hostile.metadata.creation_date is None
    assert hostile.metadata.author == "robustbench-seg"


@pytest.mark.slow
def test_a_long_table_repeats_its_headings_and_model_on_the_next_page() -> None:
    models = tuple(f"model {number}" for number in range(14))
    pages = PdfReader(io.BytesIO(pdf.render(sample_document(models)))).pages
    texts = [" ".join(page.extract_text().split()) for page in pages]
    headings = "category corruption severities that count 1 2 3 score"
    with_table = [text for text in texts if "motion blur 1\u20133" in text]
    assert len(with_table) > 1
    for text in with_table[1:]:
        assert f"{headings} model" in text


@pytest.mark.slow
def test_two_renders_have_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.helpers.sample_report import sample_document; "
        "from robustbench_seg.reports.formats import pdf; "
        "sys.stdout.buffer.write(pdf.render(sample_document()))"
    )
    command = [sys.executable, "-c", code, str(ROOT)]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TMPDIR": str(tmp_path)}
    other = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    assert pdf.render(sample_document()) == other
