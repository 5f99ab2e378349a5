"""Every part of a document in every format, and a new format in one line."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from pypdf import PdfReader

from robustbench_seg import reports
from robustbench_seg.reports.document import (
    Document,
    KeyEntry,
    Part,
    Plots,
    Section,
    file_name,
    unfolded,
)
from robustbench_seg.reports.formats import Format, html, latex, markdown, pdf
from tests.helpers.every_part import every_part, plot

EVIL = '"><script>alert(1)</script>{{ 1 }}'


def test_page_has_every_part() -> None:
    page = html.render(every_part(stamps=("UNTRAINED: random weights",)))
    assert '<p class="kind">A kind of report · semantic segmentation</p>' in page
    assert re.findall(r'<a href="#([^"]+)">([^<]+)</a>', page) == [
        ("summary", "Summary"),
        ("figures", "Figures"),
        ("a-wide-figure", "A wide figure"),
        ("classes", "Classes"),
        ("examples", "Examples"),
        ("published", "Published"),
        ("saved", "Saved"),
        ("provenance", "Provenance"),
    ]
    # The stamp is on all sections but that of others' numbers and the provenance.
    assert page.count('<span class="chip">UNTRAINED</span>') == 6
    assert 'aria-label="names.txt">``` b0\nsecond line\n</pre>' in page
    assert '<section id="published" class="foreign"' in page
    assert "<details>\n<summary>b0</summary>\n<p>within b0</p>\n</details>" in page
    assert '<table id="n" class="sortable">' in page
    assert '<h3 id="plots-1">b0 <span class="aside">clean 49.2</span></h3>' in page
    assert page.count("<svg ") == 4
    assert page.count('<img src="data:image/png;base64,') == 2


def test_marks_of_the_key_have_the_colours_of_the_page() -> None:
    page = html.render(every_part())
    assert (
        'class="gradient" style="background: linear-gradient(to right, #000000, #ffffff)"' in page
    )
    assert 'class="line" style="color: var(--series-2)"' in page
    for mark in ("hatched", "hollow", "dashed"):
        assert f'<li><span class="{mark}"></span> {mark}</li>' in page


def test_a_narrow_part_stands_beside_the_notes() -> None:
    def order(*parts: Part) -> list[str]:
        document = replace(every_part(), sections=(Section("A", parts),))
        marks = re.finditer(
            'class="(card|overview|prose|plots)"|<p>(a|b)</p>', html.render(document)
        )
        return [mark[1] or mark[2] for mark in marks]

    cards, _ = every_part().sections[0].parts
    one, two = Plots("", (plot("one"),)), Plots("", (plot("one"), plot("two")))
    assert order("a", cards, "b") == ["a", "overview", "card", "prose", "b"]
    assert order("a", one, "b") == ["a", "overview", "plots", "prose", "b"]
    assert order("a", two, "b") == ["a", "plots", "b", "prose"]
    alone = replace(one, columns=1)
    assert order(alone, "b") == ["plots", "b", "prose"]


def test_a_wide_figure_scrolls() -> None:
    page = html.render(every_part())
    assert page.count('tabindex="0" aria-label="wide in words">') == 1
    assert "plot-0 in words" in page


def test_hostile_names_are_escaped_in_every_part() -> None:
    page = html.render(every_part(EVIL, stamps=(EVIL,)))
    assert page.count("<script>") == 1
    assert "{{ 1 }}" in page
    assert page.count("alert(1)") >= 20


def test_a_notebook_shows_the_page_in_a_frame_of_its_own() -> None:
    frame = html.Page(**vars(every_part(EVIL)))._repr_html_()
    assert re.fullmatch(r'<iframe( [a-z]+="[^"<>]*")+></iframe>', frame)
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert "&lt;!doctype html&gt;" in frame


def test_pdf_has_every_part() -> None:
    reader = PdfReader(io.BytesIO(pdf.render(every_part(EVIL))))
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert text.count(EVIL.replace(" ", "")) >= 14
    for shown in ("a kind of report", "within", "hatched", "clean 49.2", "place 2"):
        assert shown.replace(" ", "") in text.replace("Akind", "akind")
    wide = [page for page in reader.pages if page.mediabox.width > page.mediabox.height]
    assert len(wide) == 1


def test_paper_has_the_table_in_place_of_the_cards() -> None:
    document = replace(every_part(), sections=every_part().sections[:1])
    (page, *_) = PdfReader(io.BytesIO(pdf.render(document))).pages
    for text in (page.extract_text(), markdown.render(document), latex.render(document)):
        assert text.count("49.2") == 1
        assert "clean mIoU" not in text


def test_text_formats_have_tables_and_paragraphs_of_folds() -> None:
    for source in (markdown.render(every_part()), latex.render(every_part())):
        assert "within b0" in source
        assert "printed by b0" in source
        assert source.count("49.2") == 1
        assert "hatched" not in source
        assert "A wide figure" not in source


def test_listings_are_kept_whole_in_markdown_and_left_out_on_paper() -> None:
    document = every_part()
    assert "\n\n````\n``` b0\nsecond line\n````\n" in markdown.render(document)
    pages = PdfReader(io.BytesIO(pdf.render(document))).pages
    for text in (latex.render(document), "\n".join(page.extract_text() for page in pages)):
        assert "A file." in text
        assert "second line" not in text


def test_the_headline_stands_at_the_head() -> None:
    document = every_part()
    pages = PdfReader(io.BytesIO(pdf.render(document))).pages
    sources = [render(document) for render in (html.render, markdown.render, latex.render)]
    for text in (*sources, "\n".join(page.extract_text() for page in pages)):
        head, after = text.split("b0 is found.")
        assert "every part of b0" in head
        assert "a subtitle" in after
    assert "is found" not in html.render(replace(document, headline=""))


def test_documents_without_notes_have_no_heading_for_them() -> None:
    document = replace(every_part(), notes=())
    for render in (html.render, markdown.render, latex.render):
        assert "Notes" in render(every_part())
        assert "Notes" not in render(document)


def test_plots_of_folds_are_found() -> None:
    names = [plot.name for plot in every_part().plots()]
    assert names == ["plot-0", "plot-1", "plot-2", "wide"]


def test_a_new_format_is_one_line(tmp_path: Path) -> None:
    def render(document: Document) -> str:
        parts = (part for section in document.sections for part in unfolded(section.parts))
        return json.dumps([part for part in parts if isinstance(part, str)])

    with patch.dict(reports.FORMATS, {"json": Format("report.json", render)}):
        (path,) = reports.write(every_part(), tmp_path, ["json"])
    assert json.loads(path.read_text("utf-8")) == ["within b0", "printed by b0", "A file."]


def test_colours_of_a_key_are_colours() -> None:
    for color in ("red", "#12345", "#804080; background: url(x)"):
        with pytest.raises(ValueError, match="not of the form #rrggbb"):
            KeyEntry("line", "a", (color,))


def test_names_of_files_are_plain() -> None:
    assert file_name("a", 1, "b0@x/y\\z:w*.pth") == "a-1-b0-x-y-z-w-.pth"
    assert file_name("\u4e2d\u6587") == "unnamed"
    assert len(file_name("a" * 500)) == 80
    assert file_name("a" * 79 + ".b") == "a" * 79  # Windows has no names that end in a dot
