"""Scores of real labels against the evaluation of cityscapesscripts, from files to numbers."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.datasets.cityscapes import cityscapes
from robustbench_seg.label_types import LabelMap
from robustbench_seg.scores import metrics
from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.intervals import tidy
from robustbench_seg.scores.pixel_counts import PixelCounts

NO_CLASS = 19
"""A prediction of no class: cityscapesscripts' "unlabeled"."""


@pytest.fixture(scope="module")
def script() -> Any:
    """Import the evaluation of cityscapesscripts with its output switched off."""
    script = importlib.import_module("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    script.args.quiet = True
    script.args.evalInstLevelScore = False
    script.args.evalPixelAccuracy = False
    script.args.JSONOutput = False
    return script


@pytest.fixture(scope="module", params=["TrainIds", "Ids"])
def tree(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: Any) -> Path:
    """Link the real frames with labels of one form only, train ids or label ids."""
    root: Path = tmp_path_factory.mktemp("tree")
    source = shared_data / "data" / "cityscapes_mini"
    (root / "leftImg8bit").symlink_to(source / "leftImg8bit")
    for path in source.glob(f"gtFine/val/*/*_gtFine_label{request.param}.png"):
        target = root / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    return root


def perturbed(label: LabelMap, rng: np.random.Generator, predicted: NDArray[np.uint8]) -> LabelMap:
    """Shift a label map, swap two classes, and fill a third of the blocks at random."""
    shifted = np.roll(label, tuple(rng.integers(-40, 40, 2)), (0, 1))
    shifted = np.where(shifted == rng.choice(predicted), rng.choice(predicted), shifted)
    height, width = label.shape
    blocks = rng.choice(predicted, (-(-height // 16), -(-width // 16)))
    noise = blocks.repeat(16, axis=0).repeat(16, axis=1)[:height, :width]
    wrong = (rng.random(blocks.shape) < 0.33).repeat(16, axis=0).repeat(16, axis=1)
    return np.where(wrong[:height, :width] | (shifted == 255), noise, shifted).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "predicted"),
    [
        (0, range(19)),
        (1, range(19)),
        (2, [*range(12), NO_CLASS]),  # classes are missing, some pixels are of no class
        (3, [0, 2, 15, 16]),  # mostly classes that these frames lack
    ],
)
def test_scores_are_those_of_cityscapesscripts(
    script: Any, shared_data: Path, tree: Path, tmp_path: Path, seed: int, predicted: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    dataset = cityscapes(tree)
    to_id = np.zeros(256, np.uint8)
    for train_id in range(19):
        to_id[train_id] = script.trainId2label[train_id].id
    sums = np.zeros((19, 20), np.int64)
    truths, predictions = [], []
    labels = sorted(shared_data.glob("data/cityscapes_mini/gtFine/val/*/*_labelIds.png"))
    matrices = []
    for frame, path in zip(dataset.frames, labels, strict=True):
        assert frame.name in path.name
        label = frame.label()
        prediction = perturbed(label, rng, np.array(predicted, np.uint8))
        matrices.append(metrics.confusion_matrix(label, prediction, 19, spare=True))
        sums += matrices[-1]
        truths.append(str(path))
        predictions.append(str(tmp_path / path.name))
        Image.fromarray(to_id[prediction]).save(predictions[-1])
    theirs = script.evaluateImgLists(predictions, truths, script.args)

    names = dataset.class_names
    classes = [theirs["classScores"][name] for name in names]
    np.testing.assert_allclose(metrics.iou(sums), classes, rtol=0, atol=1e-12)
    mean = pytest.approx(theirs["averageScoreClasses"], rel=0, abs=1e-12)
    assert metrics.cityscapes_mean_iou(sums) == mean

    groups = [info.category for info in dataset.classes]
    categories = [theirs["categoryScores"][name] for name in dict.fromkeys(groups)]
    merged = metrics.category_counts(sums, groups)
    np.testing.assert_allclose(metrics.iou(merged), categories, rtol=0, atol=1e-12)
    average = theirs["averageScoreCategories"]
    everything = ~np.isnan(metrics.iou(merged))
    assert metrics.mean_iou(merged, everything) == pytest.approx(average, rel=0, abs=1e-12)

    # The tidy table of a run gets the same scores from the counts of its images.
    class_set = metrics.present_classes(sums)
    counts = PixelCounts(len(matrices), [("clean", 0, 0)], names, groups, class_set)
    for place, matrix in enumerate(matrices):
        counts.add([place], [("clean", 0, 0)], matrix[np.newaxis])
    table = tidy({"m": Bootstrap(counts, resamples=10)}, "cityscapes")
    scores = table.set_index(["class", "metric"])["value"]
    assert scores["all", "miou_cityscapes"] == mean
    for name, value in zip(names, classes, strict=True):
        if class_set[names.index(name)]:
            assert scores[name, "iou"] == pytest.approx(value, rel=0, abs=1e-12)
    for name, value in zip(dict.fromkeys(groups), categories, strict=True):
        assert scores[name, "category_iou"] == pytest.approx(value, rel=0, abs=1e-12)
