"""The files of a report: their names, and figures that stand alone on white paper."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from reports import figures, files, paper
from reports.contents import document_of
from reports.formats import old_html as html
from reports.style import CSS_VARIABLES, contrast
from tests.helpers.sample_report import sample_report


def test_every_format_has_its_file(tmp_path: Path) -> None:
    report = sample_report(("b0", "../<script>"))
    paths = files.write(report, tmp_path / "new", [*files.PAGES, *files.FIGURES])
    names = [path.name for path in paths]
    assert names == ["report.html", "report.pdf", "report.md", "report.tex", "figures"]
    assert paths[0].read_text("utf-8") == html.render(report)
    assert paths[1].read_bytes().startswith(b"%PDF-")
    assert b"\r" not in paths[2].read_bytes() + paths[3].read_bytes()
    assert sorted(path.name for path in paths[4].iterdir() if path.suffix == ".svg") == [
        "curves-1-b0-blur.svg",
        "curves-1-b0-weather.svg",
        "curves-2-..-script-blur.svg",
        "curves-2-..-script-weather.svg",
        "heat-map-1-b0.svg",
        "heat-map-2-..-script.svg",
    ]
    assert len(list(paths[4].glob("*.png"))) == 6


def test_a_format_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such formats: docx"):
        files.write(sample_report(), tmp_path / "new", ["html", "docx"])
    assert not (tmp_path / "new").exists()


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    files.write(sample_report(), tmp_path, ["md"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_svg_has_text_colours_and_no_date() -> None:
    (plot, *_) = document_of(sample_report(("<b>$x$",))).plots()
    drawing = paper.svg(plot.draw())
    assert drawing == paper.svg(plot.draw())
    root = ElementTree.fromstring(drawing)
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"motion blur", "severity", "71.0"} <= texts
    assert b"dc:date" not in drawing
    (background, *_) = root.iter("{http://www.w3.org/2000/svg}path")
    assert background.get("style") == "fill: #ffffff"
    assert not any(color.encode() in drawing for color in CSS_VARIABLES)


def test_the_colours_of_paper_are_legible_on_white() -> None:
    colors = paper.colors()
    assert set(colors) == set(CSS_VARIABLES)
    for stand_in, color in colors.items():
        if CSS_VARIABLES[stand_in] not in ("var(--rule)", "var(--surface)"):
            assert contrast(color, "#ffffff") >= 4.5


def test_png_is_white_with_ink_at_the_asked_resolution() -> None:
    scores = sample_report().severities("b0")
    drawing = paper.svg(figures.heat_map(scores, {}, 1.0))
    with Image.open(io.BytesIO(paper.png(drawing, 144.0))) as picture:
        assert picture.format == "PNG"
        width, height = 440, 46 + 24 * len(scores)
        assert abs(picture.width - 2 * width) <= 2
        assert abs(picture.height - 2 * height) <= 2
        assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_what_was_not_measured_is_a_dash_in_every_format(tmp_path: Path) -> None:
    report = sample_report()
    empty = {
        name: getattr(report, name) * math.nan
        for name in ("summary", "suite_table", "severity_table", "class_table")
    }
    bare = replace(report, examples=(), notes=(), legend=(), provenance={}, **empty)
    for path in files.write(bare, tmp_path, ["md", "latex", "pdf", "svg"]):
        if path.suffix in (".md", ".tex"):
            assert not re.search(r"\bnan\b", path.read_text("utf-8"), re.IGNORECASE)


@pytest.mark.parametrize("format", files.PAGES)
def test_a_command_that_is_no_text_stops_no_format(tmp_path: Path, format: str) -> None:
    provenance = {"session": {"command": "robustseg eval --out r\udcff"}}
    (path,) = files.write(replace(sample_report(), provenance=provenance), tmp_path, [format])
    shown = "U+FFFD" if format == "latex" else "r\ufffd"
    assert format == "pdf" or shown in path.read_text(encoding="utf-8")
