"""From stored runs to a comparison: its scores, its references, and what it refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import NOTHING
from robustbench_seg.reporting import published
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.run import Run
from tests.helpers.sample_runs import SUITE, frame, make_run, model

RESNET = "DeepLabv3+ (ResNet-50)"


@pytest.fixture(scope="module")
def two() -> list[Run]:
    return [make_run(Path("a")), make_run(Path("b"), [model("b1")], share=0.7)]


def test_scores_are_those_of_the_runs(two: list[Run]) -> None:
    comparison = compare_runs(two)
    assert comparison.models == ("b0", "b1")
    for run, name in zip(two, comparison.models, strict=True):
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
    assert comparison.title == "Tiny on streets, val, 12 frames: 2 models compared"
    assert comparison.subtitle == "b0, b1: trained on streets"
    assert comparison.frames.loc["b1"].index.tolist() == list(two[0].frames)
    curve = comparison.curves.value.loc[[("b1", "weather")]].to_numpy()[0]
    severities = two[1].table("severities").loc[[("b1", "weather", "fog")]].to_numpy()[0]
    assert curve.tolist() == pytest.approx(severities.tolist())


@pytest.mark.parametrize(("most", "sent"), [(-1, 0), (0, 1)])
def test_counts_of_which_a_copy_is_too_large_are_not_sent(
    two: list[Run], monkeypatch: pytest.MonkeyPatch, most: int, sent: int
) -> None:
    begun: list[object] = []

    def begin(work: Callable[[], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
        begun.append(work)
        return work

    module = sys.modules["robustbench_seg.reporting.comparison.compare_runs"]
    monkeypatch.setattr(module, "_MOST_SENT", most)
    monkeypatch.setattr(module, "begun", begin)
    # These runs have no counts but matrices.
    assert compare_runs(two).measure_differences.empty
    assert len(begun) == sent


def test_provenance_has_the_command_and_each_run(two: list[Run]) -> None:
    sections = compare_runs(two, RESNET, ["stl-table4"]).provenance
    first = sections["comparison"]
    assert first["command"] == (
        "robustseg compare a b --with stl-table4 --reference 'DeepLabv3+ (ResNet-50)'"
    )
    assert first["CD and rCD"] == f"against {RESNET}, published"
    assert {"run, run a", "run, run b", "versions, run a", "session, run b"} <= set(sections)


def test_a_published_reference_gives_the_ratios_of_the_printed_numbers(two: list[Run]) -> None:
    comparison = compare_runs(two, "deeplabv3+ (resnet-50)")
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


def test_differences_are_from_a_measured_reference(two: list[Run]) -> None:
    comparison = compare_runs(two, "b1", ["segformer-table5"])
    assert (comparison.reference, comparison.baseline) == ("b1", "b1")
    assert (comparison.degradation.value.loc["b1"] == 1).all()
    assert comparison.differences.loc["b0"]["difference"]["clean"] > 0
    assert len(comparison.published[0].table) == 13
    assert comparison.report().stamp_words == ("DEMONSTRATION", "FEW IMAGES")


def test_an_unknown_reference_lists_the_known_ones(two: list[Run]) -> None:
    with pytest.raises(InputError, match=r"'b0', 'b1'.*folder of a run.*'SegFormer-B5'"):
        compare_runs(two, "b7")
    alike = [make_run(Path("a")), make_run(Path("b"))]
    with pytest.raises(InputError, match=r"names several models; choose from 'b0 \(run a\)'"):
        compare_runs(alike, "b0")
    assert compare_runs(alike, "b0 (run b)").reference == "b0 (run b)"
    lacking = replace(SUITE, columns=(replace(SUITE.columns[0], corruption="zoom_blur"),))
    with pytest.raises(InputError, match="no numbers for zoom_blur, mean, retention"):
        compare_runs([make_run(Path("a"), suite=lacking)], RESNET)
    with pytest.raises(InputError, match="no such table 'table5'"):
        compare_runs(two, tables=["table5"])


def test_ground_truth_of_one_class_is_stamped() -> None:
    frames = [frame(number, class_pixels=(0, 100, 0)) for number in range(6)]
    stamp, *_ = make_run(Path("a"), frames=frames).report().stamps
    assert stamp.startswith("ONE CLASS: only sky has ground truth; a model that predicts nothing")


def test_warnings_name_their_run() -> None:
    preprocessing = {**model().preprocessing, "size": (64, 128)}
    small = model("b1", preprocessing=preprocessing, trained_on=NOTHING)
    frames = [frame(number) for number in range(12)]
    runs = [make_run(Path("a"), done=4), make_run(Path("b"), [small], frames=frames[:4], seed=1)]
    words = ("DEMONSTRATION", "FEW IMAGES")
    stamps = [stamp for stamp in compare_runs(runs).stamps if not stamp.startswith(words)]
    assert stamps[0].startswith("PARTIAL: run a: 4 of 12 frames are finished; ")
    assert stamps[1].startswith("UNTRAINED: the weights of b1 are random")
    assert stamps[2].startswith(
        "SCALES DIFFER: b0 at 256x128, b1 at 128x64: corruptions are not equally hard"
    )
    assert stamps[3] == "RUNS DIFFER in seed: see the table of settings"


@pytest.mark.slow
def test_notes_of_several_runs_appear_once(two: list[Run]) -> None:
    notes = compare_runs(two).notes
    assert len(notes) == len(set(notes))
    assert sum(note.startswith("Severities that count") for note in notes) == 1
    assert {"b0 sees the frames at 256x128 (native); inference on the whole image."} <= set(notes)
    alike = compare_runs([make_run(Path("a")), make_run(Path("b"), seed=1)])
    assert any(note.startswith("Run b: The corruptions are") for note in alike.notes)


def test_tables_for_files_have_every_number(two: list[Run]) -> None:
    found = compare_runs(two).tables
    clean = found["summary"].loc[[("b0", "clean")]].astype(float)
    assert (clean["low"] < clean["value"]).all()
    assert ("b1", "rCD", "mean") in found["degradation"].index
    assert (found["curves"].loc[[("b1", "weather", 2)]]["value"].astype(float) > 0).all()
    assert set(found) >= {"suite", "differences", "ranks", "classes", "frames", "settings"}
