"""Datasets with real conditions: every condition is scored over its own frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustbench_seg
from robustbench_seg.datasets.base import Dataset
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.registry import load_model
from robustbench_seg.reporting.run import Run
from tests.helpers.trees import write_acdc, write_cityscapes_adverse


def by_hand(dataset: Dataset) -> dict[str, float]:
    """Return the mIoU of each condition over the classes with ground truth in its own frames."""
    segmenter = load_model("b0@streets", data="streets", classes=dataset.class_names)
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    scores = {}
    for condition in dataset.conditions:
        frames = [frame for frame in dataset.frames if frame.condition == condition]
        truth = np.stack([frame.label() for frame in frames])
        said = np.stack(
            [predictor.labels(frame.image()[None], frame.label().shape)[0] for frame in frames]
        )
        known = truth != 255
        ious = [
            ((truth == name) & (said == name)).sum()
            / (((truth == name) | (said == name)) & known).sum()
            for name in np.unique(truth[known])
        ]
        scores[condition] = float(np.mean(ious))
    return scores


def miou(run: Run) -> dict[str, float]:
    tidy = run.table("tidy")
    rows = tidy[tidy["metric"] == "miou"]
    return dict(zip(rows["condition"], rows["value"], strict=True))


def evaluate(root: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate("b0@streets", data=str(root), out=out, **options)


@pytest.mark.slow
def test_each_condition_is_scored_over_its_own_frames(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")
    run = evaluate(root, tmp_path / "run")
    assert run.complete
    expected = by_hand(open_dataset(str(root)))
    assert list(expected) == ["clean", "fog", "night"]
    assert miou(run) == pytest.approx(expected, abs=1e-9)
    tidy = run.table("tidy")
    images = tidy[tidy["metric"] == "miou"].set_index("condition")["n_images"]
    assert images.to_dict() == {"clean": 1, "fog": 1, "night": 2}
    row = run.table("suite").iloc[0]
    mean = (expected["fog"] + expected["night"]) / 2
    assert row["", "mean"] == pytest.approx(mean)
    assert row["", "retention"] == pytest.approx(mean / expected["clean"])
    assert run.table("summary")["mPC"].item() == pytest.approx(mean)  # there is one severity
    assert {(item.cell.condition, item.cell.frame) for item in run.pictures} == {
        ("clean", "night/GP2_2_ref"),
        ("fog", "fog/GOPR1_1"),
        ("night", "night/GP2_2"),
    }


def test_without_labelled_fair_weather_frames_there_is_no_clean_score(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")
    (root / "gt/night/val_ref/GP2/GP2_2_gt_ref_labelTrainIds.png").unlink()
    run = evaluate(root, tmp_path / "run")
    assert set(miou(run)) == {"fog", "night"}
    row = run.table("suite").iloc[0]
    assert np.isnan(row["", "clean"])
    assert np.isnan(row["", "retention"])
    assert row["", "mean"] == pytest.approx(
        np.mean(list(by_hand(open_dataset(str(root))).values()))
    )


def test_cityscapes_adverse_has_the_same_frames_in_each_condition(tmp_path: Path) -> None:
    root = write_cityscapes_adverse(tmp_path / "adverse")
    run = evaluate(root, tmp_path / "run")
    assert miou(run) == pytest.approx(by_hand(open_dataset(str(root))), abs=1e-9)
    assert [frame.group for frame in run.spec.frames] == ["frankfurt", "lindau"] * 2


def test_an_interrupted_run_resumes(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")

    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done == 3:
            assert total == 4
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(root, tmp_path / "run", progress=interrupt)
    assert len(Run.open(tmp_path / "run").frames) == 3
    run = evaluate(root, tmp_path / "run")
    assert miou(run) == pytest.approx(miou(evaluate(root, tmp_path / "whole")), abs=0)


def test_one_condition_alone_takes_any_suite(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")
    options: dict[str, Any] = {"corruptions": ["contrast"], "severities": [1]}
    run = evaluate(root, tmp_path / "run", split="val/night", **options)
    assert set(miou(run)) == {"clean", "contrast"}
    assert miou(run)["clean"] == pytest.approx(by_hand(open_dataset(str(root)))["night"])


def test_options_that_choose_conditions_are_refused(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")
    for option, value in (
        ("suite", "cityscapes-c"),
        ("suite", "resolution"),
        ("corruptions", ["fog"]),
        ("severities", [1]),
        ("region", "class:road"),
    ):
        with pytest.raises(
            InputError, match=rf"--{option}: .* taken in fog, night; .* --split val/fog$"
        ):
            evaluate(root, tmp_path / "run", **{option: value})
