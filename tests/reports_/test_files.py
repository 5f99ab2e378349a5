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

from robustbench_seg import reports
from robustbench_seg.reporting import figures
from robustbench_seg.reports import paper
from robustbench_seg.reports.formats import html
from robustbench_seg.reports.style import CSS_VARIABLES, contrast
from robustbench_seg.reports.svg import drawn
from tests.helpers.sample_report import run_tables, sample_document, severity_frame


@pytest.mark.slow
def test_every_format_has_its_file(tmp_path: Path) -> None:
    document = sample_document(("b0", "../<script>"))
    paths = reports.write(document, tmp_path / "new", [*reports.FORMATS, *reports.FIGURES])
    names = [path.name for path in paths]
    assert names == ["report.html", "report.pdf", "report.md", "report.tex", "figures"]
    assert paths[0].read_text("utf-8") == html.render(document)
    assert paths[1].read_bytes().startswith(b"%PDF-")
    assert b"\r" not in paths[2].read_bytes() + paths[3].read_bytes()
    assert sorted(path.name for path in paths[4].iterdir() if path.suffix == ".svg") == [
        "curves-blur.svg",
        "curves-weather.svg",
        "heat-map-1-b0.svg",
        "heat-map-2-..-script.svg",
    ]
    assert len(list(paths[4].glob("*.png"))) == 4


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="formats: docx not known"):
        reports.write(sample_document(), tmp_path / "new", ["html", "docx"])
    assert not (tmp_path / "new").exists()


def test_only_requested_formats_are_written(tmp_path: Path) -> None:
    reports.write(sample_document(), tmp_path, ["md"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_svg_has_text_colours_and_no_date() -> None:
    (plot, *_) = sample_document(("<b>$x$",)).plots()
    drawing = paper.svg(plot.drawing())
    assert drawing == paper.svg(plot.drawing())
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


def test_png_has_white_paper_and_192_pixels_per_inch() -> None:
    scores = severity_frame().droplevel("model")
    drawing = paper.svg(drawn(figures.heat_map(scores, {}, 1.0)))
    with Image.open(io.BytesIO(paper.png(drawing))) as picture:
        assert picture.format == "PNG"
        width, height = 440, 46 + 24 * len(scores)
        assert abs(picture.width - 192 / 72 * width) <= 2
        assert abs(picture.height - 192 / 72 * height) <= 2
        assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_missing_numbers_are_dashes_in_every_format(tmp_path: Path) -> None:
    names = ("summary", "suite", "severities", "classes")
    empty = {name: table * math.nan for name, table in run_tables().items() if name in names}
    bare = replace(sample_document(tables=empty), notes=(), provenance={})
    for path in reports.write(bare, tmp_path, ["md", "latex", "pdf", "svg"]):
        if path.suffix in (".md", ".tex"):
            assert not re.search(r"\bnan\b", path.read_text("utf-8"), re.IGNORECASE)


@pytest.mark.posix
@pytest.mark.parametrize("format", reports.FORMATS)
def test_undecodable_commands_are_written_in_every_format(tmp_path: Path, format: str) -> None:
    provenance = {"session": {"command": "robustseg eval --out r\udcff"}}
    (path,) = reports.write(replace(sample_document(), provenance=provenance), tmp_path, [format])
    shown = r"r\textbackslash{}udcff" if format == "latex" else r"r\udcff"
    assert format == "pdf" or shown in path.read_text("utf-8").replace(r"\\udcff", r"\udcff")
