"""The contract of every model and adapter."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.registry import load_model
from tests.helpers.foreign_models import (
    PEERS,
    save_onnx,
    save_peer,
    save_torchscript,
    write_package,
)
from tests.helpers.model_contract import assert_contract
from tests.helpers.paths import ROOT

CLASSES = tuple(info.name for info in CITYSCAPES)
# The same code as a smaller model of each, but slower.
LARGER = {
    *("b2", "b3", "b4", "b5", "setr-naive", "setr-pup", "setr-mla"),
    *("upernet-swin-small", "upernet-swin-base", "upernet-swin-large"),
    *("efficientvit-b1", "efficientvit-b2", "efficientvit-b3"),
    *(name for name in MODELS if "101" in name),
    *("auto-deeplab-medium", "auto-deeplab-large"),
    *("pvt-small", "pvt-medium", "pvt-large"),
    *("pvtv2-b1", "pvtv2-b2", "pvtv2-b3", "pvtv2-b4", "pvtv2-b5"),
}
Maker = Callable[[Path], object]


def write_peer(kind: str, folder: Path) -> None:
    save_peer(kind, folder / kind, CLASSES)


FOREIGN: Mapping[str, Maker] = {
    # The choice is loaded in the folder that the maker has filled.
    **{f"hf:{kind}": partial(write_peer, kind) for kind in PEERS},
    "onnx:logits.onnx": lambda folder: save_onnx(folder / "logits.onnx", 19),
    "onnx:fixed.onnx": lambda folder: save_onnx(folder / "fixed.onnx", 19, shape=(1, 3, 64, 96)),
    "onnx:bytes.onnx": lambda folder: save_onnx(folder / "bytes.onnx", 19, dtype=TensorProto.UINT8),
    "onnx:labels.onnx": lambda folder: save_onnx(folder / "labels.onnx", 19, labels=True),
    "torchscript:model.pt": lambda folder: save_torchscript(folder / "model.pt", 19),
    "python:zoo:network": write_package,
    "python:zoo.py:whole_segmenter": write_package,
    "python:zoo:by_brightness": write_package,
    "tiny": lambda folder: write_package(folder, entry="tiny = zoo:network"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name not in LARGER])
def test_models_of_the_catalogue(name: str) -> None:
    segmenter = load_model(name, data="streets", weights="random", classes=CLASSES)
    if segmenter.preprocessing.size is not None:  # 512x1024 is slower and tests the same code
        smaller = replace(segmenter.preprocessing, size=(64, 128))
        segmenter = replace(segmenter, preprocessing=smaller)
    assert_contract(segmenter, CLASSES)


@pytest.mark.slow
@pytest.mark.parametrize("choice", FOREIGN)
def test_models_of_the_adapters(
    choice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "zoo", raising=False)
    FOREIGN[choice](tmp_path)
    assert_contract(load_model(choice, data="streets", classes=CLASSES), CLASSES)


def test_examples_in_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "own-models.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "zoo", raising=False)
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        if file := re.match(r"# (\w+\.py)\n", block):
            (tmp_path / file[1]).write_text(block)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of torch's formats
            exec(block, {})
    choices = re.findall(r"^robustseg eval --model (\S+)$", text, re.MULTILINE)
    assert len(choices) == 6
    for choice in choices:
        segmenter = load_model(choice, data="streets", classes=CLASSES)
        predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
        image = np.random.default_rng(0).integers(0, 256, (1, 48, 80, 3), np.uint8)
        assert predictor.labels(image, (48, 80)).shape == (1, 48, 80)
