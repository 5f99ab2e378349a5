"""The runtime of a run: reported, part of the specification, and kept when the run goes on."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.inference.runtimes import openvino
from robustbench_seg.inference.runtimes.openvino import EachSize
from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.run import Run
from tests.helpers.cells import cells_of
from tests.helpers.frames import write_tree

pytestmark = pytest.mark.openvino

FEW: dict[str, Any] = {"corruptions": ["fog"], "severities": [3], "threads": 1}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 2)


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate("b0@streets", data=str(tree), out=out, **FEW, **options)


def notes(run: Run) -> str:
    return " ".join(Report(run).notes)


@pytest.mark.slow
def test_a_run_tells_its_runtime_and_keeps_it(tree: Path, tmp_path: Path) -> None:
    by_torch = evaluate(tree, tmp_path / "torch", runtime="torch")
    assert "runtime" not in by_torch.spec.to_dict()["models"][0]  # as version 0.1.0 stored it
    assert "is run by" not in notes(by_torch)
    by_openvino = evaluate(tree, tmp_path / "openvino")
    assert by_openvino.spec.models[0].runtime == "openvino"
    assert f"SegFormer-B0 is run by openvino {by_openvino.spec.versions['openvino']}." in notes(
        by_openvino
    )
    assert evaluate(tree, tmp_path / "torch").spec == by_torch.spec
    with pytest.raises(InputError, match=r"runtime \(openvino, None\)"):
        evaluate(tree, tmp_path / "openvino", runtime="torch")


@pytest.mark.slow
def test_models_are_gone_before_figures_need_memory(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[weakref.ref[EachSize]] = []
    opened: list[bool] = []
    load, open_run = openvino.load, Run.open

    def watched(*arguments: Any) -> EachSize:
        network = load(*arguments)
        loaded.append(weakref.ref(network))
        return network

    def watched_open(folder: Path) -> Run:
        opened.extend(network() is not None for network in loaded)
        return open_run(folder)

    monkeypatch.setattr("robustbench_seg.inference.runtimes.choice.RUNTIMES", {"openvino": watched})
    monkeypatch.setattr(Run, "open", watched_open)
    evaluate(tree, tmp_path / "run")
    assert opened == [False]


@pytest.mark.slow
def test_two_runs_by_openvino_have_the_same_cells(tree: Path, tmp_path: Path) -> None:
    runs = [evaluate(tree, tmp_path / name, runtime="openvino").folder for name in ("a", "b")]
    assert cells_of(runs[0]) == cells_of(runs[1])


def test_the_report_says_why_torch_runs_a_model(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "_import_without_telemetry", lambda: None)
    run = evaluate(tree, tmp_path / "run")
    assert "SegFormer-B0 is run by torch: OpenVINO is not installed." in notes(run)


@pytest.mark.slow
@pytest.mark.parametrize("corruptions", [["fog"], ["fog", "gaussian_noise", "frost"]])
def test_streams_change_no_cell(tree: Path, tmp_path: Path, corruptions: list[str]) -> None:
    runs = []
    for threads in (1, 3):
        options = {**FEW, "threads": threads, "corruptions": corruptions, "draws": 2}
        run = robustbench_seg.evaluate(
            "b0@streets", data=str(tree), out=tmp_path / str(threads), runtime="openvino", **options
        )
        runs.append(cells_of(run.folder))
    assert runs[0] == runs[1]
