"""A SegFormer in Hugging Face's form, trained on real frames: its scores on CamVid's val split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.registry import load_model
from robustbench_seg.scores.metrics import (
    confusion_matrix,
    mean_iou,
    pixel_accuracy,
    present_classes,
)


@pytest.mark.slow
def test_a_trained_model_has_its_scores(shared_data: Path) -> None:
    dataset = open_dataset(str(shared_data / "data" / "camvid"))
    choice = f"b0@{shared_data / 'weights' / 'segformer_b0_camvid'}"
    segmenter = load_model(choice, data="camvid", classes=dataset.class_names)
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    matrix = np.zeros((11, 11), np.int64)
    for frame in dataset.frames:
        label = frame.label()
        labels = predictor.labels(np.array(frame.image())[None], label.shape)[0]
        matrix += confusion_matrix(label, labels, 11)
    assert (dataset.split, len(dataset.frames)) == ("val", 101)
    # The scores of its training.
    assert mean_iou(matrix, present_classes(matrix)) == pytest.approx(0.5095, abs=1e-3)
    assert pixel_accuracy(matrix) == pytest.approx(0.876, abs=1e-3)
