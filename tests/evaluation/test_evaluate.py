"""The main path, with real models on rendered and on real frames."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import robustbench_seg
from robustbench_seg.corruptions import corrupt
from robustbench_seg.datasets.cityscapes import cityscapes
from robustbench_seg.errors import InputError
from robustbench_seg.inference import condition_images
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.registry import load_model
from robustbench_seg.reporting.run import Run
from tests.helpers.frames import image_path, label_path, name, write_tree

FEW = {"corruptions": ["fog", "gaussian_noise"], "severities": [1, 3]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 3)


def evaluate(tree: Path, out: Path, model: Any = "b0@random", **options: Any) -> Run:
    return robustbench_seg.evaluate(model, data=str(tree), out=out, **{**FEW, **options})


def equal_tables(left: Run, right: Run) -> None:
    for table in left.tables:
        pd.testing.assert_frame_equal(left.table(table), right.table(table), check_exact=True)


def test_tables_hold_what_predicting_by_hand_gives(tree: Path, tmp_path: Path) -> None:
    run = evaluate(tree, tmp_path / "run", limit=2, seed=5)
    assert run.complete
    dataset = cityscapes(tree)
    segmenter = load_model("b0@random", data="cityscapes", classes=dataset.class_names)
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    correct = labelled = 0
    for frame in dataset.frames[:2]:
        label = frame.label()
        fog = corrupt(frame.image(), "fog", 3, seed=5)
        prediction = predictor.labels(fog[None], label.shape)[0]
        correct += int((prediction == label).sum())
        labelled += int((label != 255).sum())
    tidy = run.table("tidy")
    row = tidy[
        (tidy["condition"] == "fog")
        & (tidy["severity"] == 3)
        & (tidy["metric"] == "pixel_accuracy")
    ]
    assert row["value"].item() == pytest.approx(correct / labelled, abs=1e-4)
    assert row["n_images"].item() == 2
    assert run.table("severities").shape == (2, 2)


@pytest.mark.slow
def test_an_interrupted_run_is_resumed_to_the_same_tables(tree: Path, tmp_path: Path) -> None:
    whole = evaluate(tree, tmp_path / "whole")
    steps: list[int] = []

    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating":
            steps.append(done)
            if len(steps) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(tree, tmp_path / "cut", progress=interrupt)
    part = Run.open(tmp_path / "cut")
    assert not part.complete
    assert part.frames == (name(0), name(1))
    resumed: list[int] = []

    def count(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating":
            resumed.append(done)

    run = evaluate(tree, tmp_path / "cut", progress=count)
    assert len(resumed) == 1  # the frame that was missing; each is one chunk here
    assert resumed[0] > steps[-1]
    assert run.complete
    assert len(run.sessions) == 2
    equal_tables(run, whole)


@pytest.mark.slow
def test_a_part_of_a_run_has_the_scores_of_its_finished_frames(tree: Path, tmp_path: Path) -> None:

    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        # Two conditions at once, so that the second frame is half done when the run is cut off.
        evaluate(tree, tmp_path / "cut", batch=2, progress=interrupt)
    equal_tables(Run.open(tmp_path / "cut"), evaluate(tree, tmp_path / "one", batch=2, limit=1))


@pytest.mark.slow
def test_several_models_share_the_corrupted_frames(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counting(image: np.ndarray, name: str, severity: int, **options: Any) -> np.ndarray:
        made.append((name, severity))
        return corrupt(image, name, severity, **options)

    monkeypatch.setattr(condition_images, "corrupt", counting)
    both = evaluate(tree, tmp_path / "both", ["b0@random", "b1@random"], limit=1)
    assert sorted(made) == [("fog", 1), ("fog", 3), ("gaussian_noise", 1), ("gaussian_noise", 3)]
    for model in ("b0@random", "b1@random"):
        alone = evaluate(tree, tmp_path / model, model, limit=1)
        pd.testing.assert_frame_equal(
            both.table("suite").loc[[model]], alone.table("suite"), check_exact=True
        )


@pytest.mark.slow
def test_names_and_order_change_nothing(tree: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed"
    for path in (image_path, label_path):
        for index in range(2):
            target = path(renamed, 1 - index)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path(tree, index).read_bytes())
    equal_tables(
        evaluate(tree, tmp_path / "a", limit=2), evaluate(renamed, tmp_path / "b", limit=2)
    )


@pytest.mark.slow
def test_a_run_keeps_the_labels_of_its_models(tree: Path, tmp_path: Path) -> None:
    models = ["b0@random", "b1@random"]
    run = evaluate(tree, tmp_path / "run", models, limit=1, label={"b0": "Ours"})
    names = ["Ours", "SegFormer-B1"]
    assert list(Run.open(run.folder).names.values()) == list(run.names.values()) == names
    again = evaluate(tree, run.folder, models, limit=1, label={"b1": "Theirs"})
    assert list(again.names.values()) == ["Ours", "Theirs"]
    assert list(again.table("suite").index) == models
    assert again.report().subtitle == "Ours, Theirs: trained on nothing"
    with pytest.raises(InputError, match="--label b2: no model has this name"):
        evaluate(tree, tmp_path / "other", models, limit=1, label={"b2": "X"})


def test_the_default_folder_names_the_run(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"corruptions": ["contrast"], "severities": [1], "limit": 1}
    runs = [
        robustbench_seg.evaluate("b0@random", data=str(tree), seed=seed, **options)
        for seed in (0, 1)
    ]
    assert runs[0].folder != runs[1].folder
    for run in runs:
        assert run.folder.parent == Path("results")
        assert run.folder.name.startswith("b0@random_cityscapes-c-part_cityscapes-val_")


def test_what_is_wrong_is_said_before_long_work(tree: Path, tmp_path: Path) -> None:
    evaluate(tree, tmp_path / "run", limit=1)
    with pytest.raises(InputError, match=r"differs in frames \(., . of them\), seed \(0, 1\);"):
        evaluate(tree, tmp_path / "run", limit=2, seed=1)
    cases: dict[str, dict[str, Any]] = {
        "corruption in cityscapes-c": {"corruptions": ["frog"]},
        "severity 7": {"severities": [7]},
        "suite 'cityscape'": {"suite": "cityscape"},
        "two models are named b0@random": {"model": ["b0@random", "b0@random"]},
        "only for a single --model": {"model": ["b0", "b1"], "weights": "random"},
        "--device abacus: unknown": {"device": "abacus"},
        "--device cuda:99: not usable": {"device": "cuda:99"},
        "name at least one": {"model": []},
        "--window": {"window": "door"},
        "--precision": {"precision": "int8"},
        "--seed": {"seed": -1},
    }
    for words, options in cases.items():
        with pytest.raises(InputError, match=words) as caught:
            evaluate(tree, tmp_path / "other", **options)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "other").exists()


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, robustbench_seg, robustbench_seg.cli;"
        "print([m for m in ('torch', 'cv2', 'pandas', 'matplotlib', 'numba') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_first_prediction_waits_for_no_report(tree: Path, tmp_path: Path) -> None:
    code = (
        "import sys;"
        "from robustbench_seg.evaluation.evaluate import prepare;"
        "from robustbench_seg.protocol.request import Request;"
        "names = dict(models=('b0@streets',), data=sys.argv[1], out=sys.argv[2]);"
        "prepare(Request(**names, runtime='torch'));"
        "print([m for m in ('pandas', 'matplotlib', 'sympy') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tree), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.openvino
def test_espnet_on_real_frames(shared_data: Path, tmp_path: Path) -> None:
    # data/README.md of the test data: an independent run gave .938 and .514.
    run = robustbench_seg.evaluate(
        "espnet",
        weights=str(shared_data / "weights/espnet/espnet_p_2_q_8.pth"),
        data=str(shared_data / "data/cityscapes_mini"),
        corruptions=["gaussian_noise"],
        severities=[3],
        out=tmp_path / "run",
    )
    summary = run.table("summary").iloc[0]
    assert summary["clean"] == pytest.approx(0.514, abs=0.01)
    assert summary["pixel_accuracy"] == pytest.approx(0.938, abs=0.01)
    assert run.class_set.sum() == 16
    assert summary["suite score"] < 0.3 * summary["clean"]
