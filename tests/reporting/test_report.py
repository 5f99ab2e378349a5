"""The report of a run: its sections, its files, its page in a notebook, and work done once."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import NOTHING
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.examples import Example, picture_groups
from robustbench_seg.reporting.files import check_formats
from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.run import Run, document
from robustbench_seg.reports.document import Gallery, PictureGroup, unfolded
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.failure import Failure
from tests.helpers.paths import GOLDEN, ROOT
from tests.helpers.sample_report import png, run_tables, sample_run, tabled_run
from tests.helpers.sample_runs import SUITE, frame, make_run, model

HEADINGS = [
    *("Summary", "By corruption", "By severity", "By class", "Example frames", "References"),
]


def test_sections_are_those_of_the_tables() -> None:
    run = sample_run(("b0", "b1"))
    assert [section.heading for section in run.report().sections] == HEADINGS
    bare = tabled_run({name: run.given[name] for name in ("tidy", "intervals", "summary")})
    assert [section.heading for section in bare.report().sections] == ["Summary", "References"]


def test_a_table_that_no_section_knows_is_shown() -> None:
    regions = pd.DataFrame({"left": [0.25], "right": [0.5]}, index=pd.Index(["b0"], name="model"))
    run = sample_run(tables={"regions": regions})
    sections = run.report().sections
    assert [section.heading for section in sections] == [
        *HEADINGS[:4],
        "Further tables",
        *HEADINGS[4:],
    ]
    (table,) = sections[4].parts
    assert isinstance(table, Table)
    assert "'regions'" in table.caption
    assert [[cell.text for cell in row] for row in table.rows] == [["b0", "0.25", "0.5"]]


def test_each_table_is_computed_once_for_the_report_and_its_files(tmp_path: Path) -> None:
    run = sample_run(("b0", "b1"))
    run.write("html,md,csv", tmp_path)
    assert Counter(run.asked) == dict.fromkeys(run.tables, 1)
    again = make_run(Path("a"))
    report = Report(again)
    first = document(report)
    again.table = None  # type: ignore[method-assign, assignment]  # calling it would fail
    assert document(report).notes == first.notes


def test_random_draws_have_a_table_of_their_deviations() -> None:
    given = run_tables()
    given["intervals"]["sd_over_draws"] = 0.0123
    summary = sample_run(tables=given).report().sections[0]
    tables = [part for part in unfolded(summary.parts) if isinstance(part, Table)]
    assert [table.name for table in tables] == ["summary-table", "draws-table"]
    assert {cell.text for cell in tables[1].rows[0][1:]} == {"1.23"}
    without = sample_run().report().sections[0]
    assert len([part for part in unfolded(without.parts) if isinstance(part, Table)]) == 1


@pytest.mark.slow
def test_a_notebook_shows_the_page_in_an_isolated_frame() -> None:
    comparison = compare_runs([make_run(Path("a")), make_run(Path("b"), [model("b1")])])
    assert comparison._repr_html_() == comparison.report()._repr_html_()
    for page in (sample_run(("<b0>",)).report(), comparison.report()):
        source = page._repr_html_()
        assert source.startswith("<iframe ")
        assert "allow-scripts" in source
        assert "allow-same-origin" not in source
        (content,) = re.findall(r'srcdoc="([^"]*)"', source)
        assert html.unescape(content).startswith("<!doctype html>")
        assert html.escape(page.title) in html.unescape(content)


def unknown_variables(source: str) -> set[str]:
    """Return the variables of colours that are used and not set."""
    return {*re.findall(r"var\((--[a-z0-9-]+)\)", source)} - {*re.findall(r"(--[\w-]+):", source)}


def test_a_run_shows_its_headline_and_small_heat_maps_in_a_notebook() -> None:
    run = make_run(Path("<a>"), [model("<b0>"), model("b1@streets", trained_on=NOTHING)])
    source = run._repr_html_()
    shown = ElementTree.fromstring(source)
    texts = [text.strip() for text in shown.itertext()]
    assert texts[0] == run.report().title
    assert "UNTRAINED" in texts
    assert run.report().headline in texts
    clean = 100 * float(run.table("summary")["clean"].astype(float)["<b0>"])
    assert f"<b0>: clean {clean:.1f}" in texts
    drawings = shown.findall(".//figure/svg")
    assert len(drawings) == 2
    names = [element.get("id") for element in shown.iter() if element.get("id")]
    assert len(set(names)) == len(names)
    assert {f"{100 * v:.1f}" for v in run.table("severities").to_numpy().ravel()} <= {*texts}
    assert unknown_variables(source) == set()
    assert repr(run) == "Run.open('<a>')"
    assert "No frame is finished" in make_run(Path("b"), done=0)._repr_html_()


def test_a_run_at_several_resolutions_shows_its_curves_in_a_notebook(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "runs-0.1.0" / "resolution" / FILE, tmp_path)
    source = Run.open(tmp_path)._repr_html_()
    assert source.count("<svg") == 1
    assert unknown_variables(source) == set()
    assert "mIoU in percent" in source


def test_write_takes_formats_as_a_text_or_a_list_and_returns_the_paths(tmp_path: Path) -> None:
    run = sample_run()
    paths = run.write("html,pdf", tmp_path / "new")
    assert paths == [tmp_path / "new" / "report.html", tmp_path / "new" / "report.pdf"]
    assert paths[1].read_bytes().startswith(b"%PDF-")
    tables = run.write(["csv", "parquet"], str(tmp_path / "tables"))
    assert {path.name for path in tables} == {
        f"{name}.{kind}" for name in run.tables for kind in ("csv", "parquet")
    }
    assert all(path.is_file() for path in tables)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "tables" / "summary.csv", index_col=0),
        run.given["summary"],
        check_names=False,
    )
    with pytest.raises(InputError, match="no such format 'docx'; choose from html, pdf, md"):
        run.write("docx", tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert check_formats(" html , csv,") == ["html", "csv"]


@pytest.mark.slow
def test_the_default_folder_is_that_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "a")
    assert run.write("md") == [tmp_path / "a" / "report.md"]
    comparison = compare_runs([run])
    (path,) = comparison.write("md")
    assert path.parent.parent == Path("results")
    assert path.parent.name.startswith("compare_b0_")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.*: cannot be written .*the run is kept, and"):
        sample_run().write("html", tmp_path / "file")
    with pytest.raises(InputError, match=r"cannot be written .*name another folder"):
        compare_runs([make_run(Path("a"))]).write("csv", tmp_path / "file")


def test_a_run_whose_predictions_all_failed_has_a_report(tmp_path: Path) -> None:
    run = make_run(Path("a"), frames=[frame(0)], done=0)
    run.failures = [Failure(Cell("b0", "fog", 1, "frame_0"), "logits are NaN")]
    report = run.report()
    assert report.stamps[0] == (
        "FAILED: 1 prediction on 1 of 1 frames; the scores leave these frames out"
    )
    assert report.notes[0] == "Failed: b0 on frame_0 under fog 1: logits are NaN."
    (path,) = run.write("md,csv", tmp_path)
    assert "no scores" in path.read_text("utf-8")


def test_pictures_that_all_models_share_are_shown_once() -> None:
    shared = {"input": png(1), "prediction": png(2), "ground truth": png(3)}
    other = {**shared, "prediction": png(4)}
    groups = picture_groups(
        Example(name, "frame", *condition, caption, picture)
        for name, condition, pictures in (
            ("b0", ("gaussian_noise", 3), shared),
            ("b1", ("gaussian_noise", 3), other),
            ("b0", ("clean", 0), shared),
        )
        for caption, picture in pictures.items()
    )
    assert [(group.heading, group.aside) for group in groups] == [
        ("gaussian noise 3", "frame"),
        ("clean", "frame"),
    ]
    assert [picture.caption for picture in groups[0].pictures if picture] == [
        "input",
        "prediction, b0",
        "prediction, b1",
        "ground truth",
    ]
    assert [p.caption for p in groups[1].pictures if p] == ["input", "prediction", "ground truth"]


def test_examples_come_in_the_order_of_the_conditions() -> None:
    run = sample_run(("b0", "b1"))
    run.pictures = [
        *(replace(item, cell=replace(item.cell, condition="snow", severity=2))
          for item in run.pictures),
        *run.pictures,
        *(replace(item, cell=replace(item.cell, condition="clean", severity=0))
          for item in run.pictures),
    ]  # fmt: skip
    (gallery,) = [
        part
        for section in run.report().sections
        for part in unfolded(section.parts)
        if isinstance(part, Gallery)
    ]
    groups: tuple[PictureGroup, ...] = gallery.groups
    assert [group.heading for group in groups] == ["clean", "fog 3", "snow 2"]
    assert gallery.legend[0] == ("road", "#804080")


def test_conditions_that_frames_were_taken_in_have_no_severities() -> None:
    from robustbench_seg.protocol.suites import TakenSuite

    frames = [frame(number, condition=("clean", "fog")[number % 2]) for number in range(4)]
    suite = TakenSuite.of("acdc", ["fog"])
    assert suite.noun == "conditions"
    run = make_run(Path("a"), frames=frames, suite=suite)
    assert run.spec.taken
    assert run.report().title.startswith("Adverse conditions on ")
    headings = [section.heading for section in run.report().sections]
    assert "By condition" in headings
    assert "By severity" not in headings
    assert any("fog, 2 frames with 3 of 3 classes" in note for note in run.report().notes)


def test_models_at_different_scales_are_marked() -> None:
    preprocessing = {**model().preprocessing, "size": (64, 128)}
    small = model("b1", preprocessing=preprocessing)
    run = make_run(Path("a"), [model("b0"), small], suite=SUITE)
    stamp, *_ = run.report().stamps
    assert stamp.startswith("SCALES DIFFER: ")
    assert "b0 at scale 1, b1 at scale 0.50" in stamp
    assert "b1 sees the frames at 128x64 (0.50 of 256x128); inference on the whole image." in (
        run.report().notes
    )


@pytest.mark.slow
def test_reporting_loads_without_torch() -> None:
    code = (
        "import sys, robustbench_seg.reporting.run, robustbench_seg.reporting.comparison; "
        "print('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment, text=True
    )
    assert done.stdout.strip() == "False"
