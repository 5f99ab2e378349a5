"""The paper kit: its files, fonts and sizes, the table with published rows, and references."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from robustbench_seg.api import figures
from robustbench_seg.errors import InputError
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.reporting import citations
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.comparison.description import ComparisonData
from robustbench_seg.reporting.paper import figures as drawn
from robustbench_seg.reporting.paper import text
from robustbench_seg.reports.paper import printed
from tests.helpers.sample_runs import make_run, make_spec, model


@pytest.fixture(scope="module")
def comparison() -> ComparisonData:
    models = [model("b0@streets"), model("fcn-resnet50@file")]
    return compare_runs([make_run(Path("a"), models)]).shown


@pytest.mark.slow
def test_figures_have_their_width_and_truetype_fonts(comparison: ComparisonData) -> None:
    narrow, *_ = drawn.WIDTHS
    figure = drawn.severity(comparison, narrow)
    pdf = printed(figure, "pdf")
    assert b"/Subtype /Type3" not in pdf
    assert b"/FontFile2" in pdf  # an embedded TrueType font
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", pdf)
    assert box
    assert float(box[1]) == pytest.approx(72 * narrow)
    with Image.open(io.BytesIO(printed(figure, "png"))) as image:
        assert image.width == pytest.approx(300 * narrow, abs=1)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert pdf == printed(drawn.severity(comparison, narrow), "pdf")


def test_figures_name_models_as_papers_do(comparison: ComparisonData) -> None:
    legend, *_ = drawn.severity(comparison, 5.5).legends
    assert [entry.get_text() for entry in legend.texts] == ["SegFormer-B0", "FCN ResNet-50"]
    assert drawn.examples(comparison, 5.5) is None  # the run keeps no pictures


def test_sentences_state_the_protocol(comparison: ComparisonData) -> None:
    spec = make_spec(seed=7)
    found = text.methods(comparison, spec)
    assert r"SegFormer{-}B0~\cite{xie2021segformer}, FCN ResNet{-}50~\cite{long2015fully}" in found
    for sentence in (found, text.figure(comparison, spec, "severity.pdf")):
        assert "Seed 7" in sentence
        assert "severities that count: 1" in sentence
        assert f"{len(spec.frames)} frame" in sentence


def test_every_model_has_an_entry_of_its_paper() -> None:
    for name, declared in MODELS.items():
        (key, *_) = citations.model_keys(f"{name}@file")
        number = re.search(r"\(arXiv ([\d.]+)\)$", declared.title)
        assert number
        entry = citations.bibtex([key])
        assert f"eprint = {{{number[1]}}}" in entry
        title = re.search(r"title = \{(.*)\},\n", entry)
        assert title
        assert re.sub(r"[{}]", "", title[1]) == declared.title.partition(" (arXiv")[0]
    assert citations.model_keys("b0") == ()  # a name of the user's own


def test_every_cited_key_has_an_entry(comparison: ComparisonData) -> None:
    for dataset in ("cityscapes", "camvid", "acdc", "ade20k"):
        keys = citations.keys(comparison.model_names, dataset, "cityscapes-c")
        found = re.findall(r"^@\w+\{(\w+),$", citations.bibtex(keys), re.MULTILINE)
        assert found == keys
        assert len(keys) == 6
    assert len(citations.keys((), "streets", "cityscapes-c")) == 4
    assert "mintun2021interaction" in citations.keys((), "streets", "imagenet-c-bar")


def test_a_table_of_another_suite_has_no_published_rows(comparison: ComparisonData) -> None:
    table = text.suite_table(comparison, intervals=True)
    assert "textdagger" not in table
    assert "SegFormer{-}B0 & " in table
    assert r"{\scriptsize" in table
    assert "95 \\% intervals" in table


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run here"):
        figures([tmp_path / "none"], out=tmp_path / "out")
    with pytest.raises(InputError, match="--for poster: use one of paper"):
        figures([tmp_path], purpose="poster")  # type: ignore[arg-type]
