"""Models in TorchScript files, against the same network in torch."""

from __future__ import annotations

from pathlib import Path

import torch

from robustbench_seg.models.base import Preprocessing
from tests.helpers.adapters import (
    CLASSES,
    assert_same,
    expected_labels,
    failure,
    labels_of,
    open_model,
    refusal,
)
from tests.helpers.foreign_models import Convolution, save_torchscript


def test_logits_of_torchscript_equal_those_of_torch(folder: Path) -> None:
    network = save_torchscript(folder / "model.pt", 19)
    segmenter = open_model("torchscript:model.pt")
    assert segmenter.name == f"torchscript:{folder.name}"
    assert_same(labels_of(segmenter), expected_labels(network))


def test_extra_files_give_the_preprocessing_and_the_classes(folder: Path) -> None:
    values = {"mean": [1, 2, 3], "std": [9, 8, 7], "size": [64, 96], "trained_on": "mine"}
    network = save_torchscript(folder / "a.pt", 19, preprocessing=values, classes=CLASSES)
    segmenter = open_model("torchscript:a.pt")
    preprocessing = Preprocessing((1, 2, 3), (9, 8, 7), size=(64, 96))
    assert (segmenter.preprocessing, segmenter.trained_on) == (preprocessing, "mine")
    assert_same(labels_of(segmenter), expected_labels(network, preprocessing))


def test_unsupported_torchscript_files_are_refused(folder: Path) -> None:
    save_torchscript(folder / "a.pt", 19, classes=["one"])
    assert "a model of 1 classes, where the labels of streets have 19" in refusal(
        "torchscript:a.pt"
    )
    save_torchscript(folder / "a.pt", 19, preprocessing={"channels": "GBR"})
    assert "a.pt: preprocessing.json: channels is 'GBR'" in refusal("torchscript:a.pt")
    save_torchscript(folder / "a.pt", 19, preprocessing={"size": [1.5, 2]})
    assert "expected [height, width] in pixels" in refusal("torchscript:a.pt")
    save_torchscript(folder / "a.pt", 19, preprocessing=["RGB"])
    assert "preprocessing.json: expected an object" in refusal("torchscript:a.pt")
    save_torchscript(folder / "a.pt", 20)
    assert "gives (1, 20, 16, 21); expected logits (1, 19, h, w)" in failure("torchscript:a.pt")
    (folder / "a.pt").write_bytes((folder / "a.pt").read_bytes()[:900])
    assert "not a TorchScript file, or truncated" in refusal("torchscript:a.pt")
    torch.save(Convolution(19).state_dict(), folder / "a.pt")
    assert "not a TorchScript file, or truncated" in refusal("torchscript:a.pt")
