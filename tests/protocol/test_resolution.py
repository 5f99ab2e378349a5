"""Suites of resolutions, input scales and windows, on the main path and in tables."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import robustbench_seg
from robustbench_seg.corruptions import corrupt
from robustbench_seg.datasets.cityscapes import cityscapes
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.rescaling import rescale
from robustbench_seg.models.base import IMAGENET, Preprocessing, Segmenter, Window
from robustbench_seg.models.preprocessing import ProcessorPreprocessing, preprocessing_from_dict
from robustbench_seg.models.registry import load_model
from robustbench_seg.protocol.input_geometry import InputView
from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.run import Run
from robustbench_seg.reports.table import Table
from robustbench_seg.scores.intervals import TIDY_COLUMNS
from robustbench_seg.scores.metrics import confusion_matrix, mean_iou
from robustbench_seg.scores.resolution import CurvePoint, resolution_table, with_intervals
from tests.helpers.frames import write_tree
from tests.helpers.suite_files import MINE

FEW: dict[str, Any] = {"corruptions": ["contrast"], "severities": [3]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Sides that are no multiples of 32, nor their halves whole.
    return write_tree(tmp_path_factory.mktemp("tree"), 2, width=131, height=67)


@pytest.fixture(scope="module")
def run(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    (folder / "mine.toml").write_text(MINE)
    return robustbench_seg.evaluate(
        ["b0@random", "b0-pe@random"],
        data=str(tree),
        suite=str(folder / "mine.toml"),
        out=folder / "out",
    )


def by_hand(tree: Path, model: str, window: Window | None, scale: float, fog: bool) -> float:
    dataset = cityscapes(tree)
    segmenter = load_model(model, data="cityscapes", classes=dataset.class_names)
    predictor = Predictor(segmenter, "cpu", "float32", window or segmenter.window)
    total = np.zeros((19, 19), np.int64)
    for frame in dataset.frames:
        image, label = frame.image(), frame.label()
        image = corrupt(image, "fog", 3, seed=0) if fog else image
        size = (int(67 * scale + 0.5), int(131 * scale + 0.5))
        prediction = predictor.labels(rescale(image, size)[None], label.shape)[0]
        total += confusion_matrix(label, prediction, 19)
    return float(mean_iou(total, total.sum(axis=1) > 0))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["b0@random", "b0-pe@random"])
def test_scores_are_those_of_predicting_by_hand(tree: Path, run: Run, model: str) -> None:
    table = run.table("resolution").loc[model]
    slide, whole = Window("slide", 34, 17), Window("whole")
    expected = {
        "clean": by_hand(tree, model, None, 1, False),
        "scale 0.5, slide": by_hand(tree, model, slide, 0.5, False),
        "scale 1, slide": by_hand(tree, model, slide, 1, False),
        "scale 0.5, whole": by_hand(tree, model, whole, 0.5, False),
        "fog 3, scale 0.5, slide": by_hand(tree, model, slide, 0.5, True),
        "fog 3, scale 1, whole": by_hand(tree, model, whole, 1, True),
    }
    miou = {str(name): float(value) for name, value in table["miou"].items()}
    for condition, value in expected.items():
        assert miou[condition] == pytest.approx(value, abs=1e-4), condition
    assert len(miou) == 9
    assert len({round(value, 6) for value in miou.values()}) > 5  # the axes do something
    assert miou["clean"] == miou["scale 1, whole"]
    changes = [value - miou["scale 1, slide"] for value in miou.values()]
    assert table["change"].tolist() == pytest.approx(changes)
    assert table.at["fog 3, scale 0.5, whole", "line"] == "fog 3, whole"
    assert table.at["fog 3, scale 0.5, whole", "value"] == 0.5


@pytest.mark.slow
def test_a_batch_changes_no_score(tree: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    again = robustbench_seg.evaluate(
        ["b0@random", "b0-pe@random"],
        data=str(tree),
        suite=str(tmp_path / "mine.toml"),
        batch=5,
        out=tmp_path / "out",
    )
    left, right = (item.table("resolution")["miou"] for item in (run, again))
    np.testing.assert_allclose(left, right, atol=1e-4)


def test_the_report_of_resolutions_has_what_it_needs(run: Run) -> None:
    report = Report(run)
    assert report.title == "Half, in fog on Cityscapes, val, 2 frames"
    assert report.provenance["run"]["input scale"] == "each model's own"
    notes = "\n".join(report.notes)
    assert "Window 'slide': 34 pixels, stride 17" in notes
    assert "seed 0" in notes  # of the fog
    table = run.report().sections[0].parts[-1]
    assert isinstance(table, Table)
    assert {row[0].text: row[1].text for row in table.rows}["scale 0.5, whole"] == "66x34"
    shown = {example.label for example in report.examples}
    assert {"clean", "scale 0.5, slide", "fog 3, scale 1, whole"} <= shown


def test_one_input_scale_for_all_models(tree: Path, tmp_path: Path) -> None:
    run = robustbench_seg.evaluate(
        "b0@random", data=str(tree), input_scale=0.5, out=tmp_path / "run", **FEW
    )
    assert run.table("suite")["", "clean"].item() == pytest.approx(
        by_hand(tree, "b0@random", None, 0.5, False), abs=1e-4
    )
    report = run.report()
    words = [stamp.partition(":")[0] for stamp in report.stamps]
    assert words == ["UNTRAINED", "FEW IMAGES"]
    assert "at 66x34 (0.50 x 0.51 of 131x67)" in " ".join(report.notes)


@pytest.mark.slow
def test_models_at_different_scales_are_marked(tree: Path, tmp_path: Path) -> None:
    models = ["b0@random", "espnet@random"]
    options: dict[str, Any] = {"data": str(tree), "limit": 1, **FEW}
    own = robustbench_seg.evaluate(models, out=tmp_path / "own", **options)
    (stamp,) = (stamp for stamp in own.report().stamps if stamp.startswith("SCALES DIFFER"))
    assert "SegFormer-B0 at scale 1, ESPNet at scale 7.82 x 7.64" in stamp
    one = robustbench_seg.evaluate(models, input_scale=1.5, out=tmp_path / "one", **options)
    assert not [stamp for stamp in one.report().stamps if stamp.startswith("SCALES DIFFER")]


class Sizes(nn.Module):
    """Remembers at which sizes it sees images."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2, H, W)."""
        self.seen.append((x.shape[2], x.shape[3]))
        return torch.stack([x.mean(1), -x.mean(1)], 1)


@pytest.mark.parametrize(
    ("preprocessing", "own"),
    [
        (Preprocessing((0, 0, 0), (1, 1, 1), size=(40, 60)), (40, 60)),
        (ProcessorPreprocessing((0, 0, 0), (1, 1, 1), edges=(30, None)), (30, 60)),
        (IMAGENET, (20, 40)),
    ],
)
def test_a_scale_sets_the_own_size_aside(
    preprocessing: Preprocessing, own: tuple[int, int]
) -> None:
    network = Sizes()
    segmenter = Segmenter("sizes", network, preprocessing, Window("whole"), ("a", "b"), "nothing")
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    images = np.zeros((1, 20, 40, 3), np.uint8)
    predictor.labels(images, (80, 160))
    predictor.labels(images, (80, 160), InputView(as_it_is=True))
    assert network.seen == [own, (20, 40)]
    again = preprocessing_from_dict(json.loads(json.dumps(asdict(preprocessing))))
    assert again == preprocessing


def test_the_labels_of_a_function_are_brought_to_size() -> None:
    def top_left(image: np.ndarray) -> np.ndarray:
        labels = np.zeros(image.shape[:2], np.uint8)
        labels[0, 0] = 1
        return labels

    segmenter = Segmenter("function", top_left, IMAGENET, Window("whole"), ("a", "b"), "nothing")
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    labels = predictor.labels(np.zeros((1, 2, 4, 3), np.uint8), (6, 12), InputView(as_it_is=True))
    assert labels.shape == (1, 6, 12)
    assert labels.sum() == 9
    assert labels[0, :3, :3].all()


def test_what_is_wrong_is_said_before_long_work(tree: Path, tmp_path: Path) -> None:
    cases: dict[str, dict[str, Any]] = {
        "did you mean resolution?": {"suite": "resolutio"},
        "rename the file": {"suite": tmp_path / "resolution.toml"},
        "the suite cannot be read": {"suite": tmp_path / "absent.toml"},
        "--corruptions: resolution is a suite of resolutions": {
            "suite": "resolution",
            "corruptions": ["fog"],
        },
        "--input-scale 0.5: resolution sets its own": {"suite": "resolution", "input_scale": 0.5},
        "--window whole: resolution-table1c sets": {
            "suite": "resolution-table1c",
            "window": "whole",
        },
        "--input-scale 0: must be": {"input_scale": 0},
        "--input-scale nan: must be": {"input_scale": float("nan")},
    }
    for words, options in cases.items():
        with pytest.raises(InputError) as error:
            robustbench_seg.evaluate("b0@random", data=str(tree), out=tmp_path / "run", **options)
        assert words in str(error.value)
        assert "\n" not in str(error.value)


def test_changes_and_their_intervals() -> None:
    def row(model: str, condition: str, value: float) -> tuple[Any, ...]:
        return model, "data", condition, 0, "all", "miou", value, value - 0.1, value + 0.1, 3

    values = {"clean": 0.6, "scale 0.5": 0.4, "scale 1": 0.7}
    rows = [
        row(model, condition, value - less)
        for model, less in (("b", 0), ("a", 0.2))
        for condition, value in values.items()
    ]
    places = {"scale 0.5": CurvePoint("", 0.5), "scale 1": CurvePoint("", 1)}
    table = resolution_table(pd.DataFrame(rows, columns=TIDY_COLUMNS), places, "scale 1")
    assert [model for model, _ in table.index] == ["b"] * 3 + ["a"] * 3
    assert table["change"].tolist() == pytest.approx([-0.1, -0.3, 0] * 2)
    assert table.at[("a", "scale 0.5"), "low"] == pytest.approx(0.1)
    ends = pd.DataFrame(
        [("a", "change at scale 0.5", -0.4, -0.2)], columns=["model", "score", "low", "high"]
    )
    both = with_intervals(table, ends)
    assert both["change_low"].to_dict()["a", "scale 0.5"] == -0.4
    assert both["change_high"].to_dict()["a", "scale 0.5"] == -0.2
    assert both["change_low"].isna().sum() == 5
