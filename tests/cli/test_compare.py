"""`robustseg compare`: from stored runs to a comparison, its references, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import robustbench_seg
from reports import published
from robustbench_seg.__main__ import main
from robustbench_seg.errors import InputError
from robustbench_seg.models.base import NOTHING
from robustbench_seg.reporting.comparison import comparison_of, tables_of, with_reference
from robustbench_seg.reporting.references import find_reference
from robustbench_seg.reporting.run import Run
from robustbench_seg.reporting.scored import Scored
from robustbench_seg.runs.side_by_side import SideBySide, side_by_side
from tests.helpers.frames import write_tree
from tests.helpers.sample_runs import SUITE, frame, make_run, model

RESNET = "DeepLabv3+ (ResNet-50)"


@pytest.fixture(scope="module")
def two() -> SideBySide:
    worse = make_run(Path("b"), [model("b1")], share=0.7)
    return side_by_side([make_run(Path("a")), worse])


def test_scores_are_those_of_the_runs(two: SideBySide) -> None:
    comparison = comparison_of(two)
    assert comparison.models == ("b0", "b1")
    for run, name in zip(two.runs, comparison.models, strict=True):
        table = run.table("suite").loc[[name]]
        pd.testing.assert_frame_equal(
            comparison.suite.value.loc[[name]], table, check_names=False, check_like=False
        )
        summary = run.table("summary").loc[name].drop("pixel_accuracy")
        assert comparison.summary.value.loc[name].to_dict() == pytest.approx(
            summary.to_dict(), nan_ok=True
        )
        known = run.table("intervals").set_index(["class", "score"])
        scores = ["clean", "suite score", "retention"]
        wanted = known[known["model"] == name].loc["all"].loc[scores]
        for end in ("low", "high"):
            own = getattr(comparison.summary, end).loc[name, scores]
            assert own.tolist() == pytest.approx(wanted[end].tolist())
    assert comparison.title == "tiny corruptions on streets (val, 6 frames): 2 models compared"
    assert comparison.subtitle.startswith("b0: trained on streets, evaluated on streets; b1: ")
    assert comparison.frames.loc["b1"].index.tolist() == list(two.first.frames)
    curve = comparison.curves.value.loc[[("b1", "weather")]].to_numpy()[0]
    severities = two.runs[1].table("severities").loc[[("b1", "weather", "fog")]].to_numpy()[0]
    assert curve.tolist() == pytest.approx(severities.tolist())


def test_the_command_and_each_run_are_told(two: SideBySide) -> None:
    sections = comparison_of(two, RESNET, ["stl-table4"]).provenance
    first = sections["comparison"]
    assert first["command"] == (
        "robustseg compare a b --with stl-table4 --reference 'DeepLabv3+ (ResNet-50)'"
    )
    assert first["CD and rCD"] == f"against {RESNET}, published"
    assert {"run, run a", "run, run b", "versions, run a", "session, run b"} <= set(sections)


def test_a_published_reference_gives_the_ratios_of_the_printed_numbers(two: SideBySide) -> None:
    comparison = comparison_of(two, "deeplabv3+ (resnet-50)")
    printed = published.rows("segformer_table5_cityscapes_c").set_index(["model", "corruption"])
    clean, fog = printed.loc[[(RESNET, "clean"), (RESNET, "fog")]]["miou"] / 100
    own = comparison.suite.value.loc["b1"]
    found = comparison.degradation.value.loc["b1"]
    assert found["CD", "fog"] == pytest.approx((1 - own["weather", "fog"]) / (1 - fog))
    loss = (own["", "clean"] - own["weather", "fog"]) / (clean - fog)
    assert found["rCD", "fog"] == pytest.approx(loss)
    assert comparison.reference == RESNET
    assert comparison.baseline == "b0"
    assert comparison.published[0].table.index.tolist() == [RESNET]
    assert any(stamp.startswith("OTHER DATA: ") for stamp in comparison.stamps)
    assert "other severities count for fog, gaussian_noise" in comparison.published_note


def test_a_measured_reference_is_what_differences_are_told_against(two: SideBySide) -> None:
    comparison = comparison_of(two, "b1", ["segformer-table5"])
    assert (comparison.reference, comparison.baseline) == ("b1", "b1")
    assert (comparison.degradation.value.loc["b1"] == 1).all()
    assert comparison.differences.loc["b0"]["difference"]["clean"] > 0
    assert len(comparison.published[0].table) == 13
    assert not comparison.stamps


def test_a_reference_that_is_none_lists_what_there_is(two: SideBySide) -> None:
    columns = Scored(two).columns
    with pytest.raises(InputError, match=r"'b0', 'b1'.*folder of a run.*'SegFormer-B5'"):
        find_reference("b7", two, columns)
    alike = side_by_side([make_run(Path("a")), make_run(Path("b"))])
    with pytest.raises(InputError, match=r"several are called so; choose of 'b0 \(run a\)'"):
        find_reference("b0", alike, columns)
    assert find_reference("b0 (run b)", alike, columns).label == "b0 (run b)"
    lacking = replace(SUITE, columns=(replace(SUITE.columns[0], corruption="zoom_blur"),))
    other = side_by_side([make_run(Path("a"), suite=lacking)])
    with pytest.raises(InputError, match="no numbers for zoom_blur, mean, retention"):
        find_reference(RESNET, other, Scored(other).columns)


def test_warnings_name_the_run_that_they_are_of() -> None:
    preprocessing = {**model().preprocessing, "size": (64, 128)}
    small = model("b1", preprocessing=preprocessing, trained_on=NOTHING)
    frames = [frame(number) for number in range(6)]
    runs = [make_run(Path("a"), done=4), make_run(Path("b"), [small], frames=frames[:4], seed=1)]
    stamps = comparison_of(side_by_side(runs)).stamps
    assert stamps[0] == "PARTIAL: run a: 4 of 6 frames are finished"
    assert stamps[1].startswith("UNTRAINED: the weights of b1 are random")
    assert stamps[2].startswith("SCALES DIFFER: the frames are seen by b0 at 256x128, b1 at 128x64")
    assert stamps[3] == "RUNS DIFFER in seed: see the table of how they were run"


def test_notes_of_several_runs_are_told_once(two: SideBySide) -> None:
    notes = comparison_of(two).notes
    assert len(notes) == len(set(notes))
    assert sum(note.startswith("Severities that count") for note in notes) == 1
    assert {"b0 sees the frames at 256x128, native; inference on the whole image."} <= set(notes)
    alike = comparison_of(side_by_side([make_run(Path("a")), make_run(Path("b"), seed=1)]))
    assert any(note.startswith("Run b: The corruptions are") for note in alike.notes)


def test_tables_for_files_have_every_number(two: SideBySide) -> None:
    found = tables_of(comparison_of(two))
    clean = found["summary"].loc[[("b0", "clean")]].astype(float)
    assert (clean["low"] < clean["value"]).all()
    assert ("b1", "rCD", "mean") in found["degradation"].index
    assert (found["curves"].loc[[("b1", "weather", 2)]]["value"].astype(float) > 0).all()
    assert set(found) >= {"suite", "differences", "ranks", "classes", "frames", "settings"}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the runs a, of one model, and b, of another."""
    root = tmp_path_factory.mktemp("runs")
    data = str(write_tree(root / "tree", 2))
    few: dict[str, Any] = {"data": data, "corruptions": ["fog"], "severities": [1, 2]}
    robustbench_seg.evaluate("b0@random", out=root / "a", **few)
    robustbench_seg.evaluate("espnet@random", out=root / "b", **few)
    return root


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["robustseg", "compare", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


def test_compare_writes_every_format(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(stored)
    formats = ("--format", "html,pdf,md,latex,csv,parquet,svg")
    asked = ("a", "b", "--with", "segformer-table5", "--reference", "b")
    assert call(monkeypatch, *asked, *formats, "--out", "one") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "UNTRAINED" in printed
    assert "CD and rCD against espnet@random" in printed
    names = {path.name for path in (stored / "one").iterdir()}
    assert {"report.html", "report.pdf", "report.md", "report.tex", "figures"} <= names
    assert {"summary.csv", "degradation.parquet", "differences.csv"} <= names
    assert call(monkeypatch, *asked, *formats, "--out", "two") == 0
    for name in ("report.html", "report.pdf", "report.md", "report.tex", "frames.csv"):
        assert (stored / "one" / name).read_bytes() == (stored / "two" / name).read_bytes()


def test_bad_input_is_one_line(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(stored)
    cases = {
        "named twice": ("a", "a"),
        "no such table 'table5'": ("a", "b", "--with", "table5"),
        "--reference b9": ("a", "b", "--reference", "b9"),
        "no such format 'docx'": ("a", "b", "--format", "docx"),
        "absent": ("a", "absent"),
    }
    for words, arguments in cases.items():
        assert call(monkeypatch, *arguments) == 2, words
        printed = capsys.readouterr()
        assert words in printed.err
        assert printed.err.startswith("error: ")
        assert printed.err.strip().count("\n") == 0, printed.err
    assert not (stored / "results").exists()


def test_the_folder_of_a_reference_joins_the_runs(stored: Path) -> None:
    runs, name = with_reference([Run.open(stored / "a")], str(stored / "b"))
    assert [run.folder.name for run in runs] == ["a", "b"]
    assert comparison_of(side_by_side(runs), name).reference.startswith("espnet@random")
    again, _ = with_reference(runs, str(stored / "b"))
    assert len(again) == 2
