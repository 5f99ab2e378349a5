"""What others' models return: sequences, one logit, half precision, channels last; or refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

import robustbench_seg
from robustbench_seg import cli
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import Preprocessing
from robustbench_seg.models.registry import load_model
from tests.helpers.adapters import (
    IMAGES,
    SIZE,
    assert_same,
    expected_labels,
    labels_of,
    open_model,
    refusal,
)
from tests.helpers.foreign_models import Convolution, save_onnx
from tests.helpers.frames import write_tree

ZOO = """
import sys
import torch
from torch import nn
from robustbench_seg.models.base import IMAGENET, WHOLE, Preprocessing, Segmenter

class Network(nn.Module):
    def __init__(self, answer, outputs=19):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, outputs, 7, stride=4, padding=3)
        self.answer = answer
    def forward(self, x):
        return self.answer(self.layer(x))

def pair(): return Network(lambda x: (x, x[:, :2]))
def listed(): return Network(lambda x: [x])
def half(): return Network(lambda x: x).half()
def segmenter():
    return Segmenter("mine", Network(lambda x: [x]).half(), IMAGENET, WHOLE, ("a",) * 19, "mine")
def one(): return Network(lambda x: x, 1)
def probability(): return Network(torch.sigmoid, 1)
def void(): return lambda image: image[..., 0] * 0 + 255
def square():
    made = Network(lambda x: x)
    made.preprocessing = Preprocessing(IMAGENET.mean, IMAGENET.std, size=512)
    return made
def leaves(): return Network(lambda x: sys.exit(0))
def leaving(): return lambda image: sys.exit(0)
"""


@pytest.fixture
def zoo(folder: Path) -> Path:
    (folder / "zoo.py").write_text(ZOO)
    return folder


def network(outputs: int = 19) -> Convolution:
    made = Convolution(outputs)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made.layer = nn.Conv2d(3, outputs, 7, stride=4, padding=3)
    return made


@pytest.mark.parametrize("factory", ["pair", "listed"])
def test_the_first_of_a_sequence_is_taken(zoo: Path, factory: str) -> None:
    assert_same(labels_of(open_model(f"python:zoo.py:{factory}")), expected_labels(network()))


@pytest.mark.parametrize("factory", ["half", "segmenter"])
def test_networks_in_half_precision_run_in_float32(zoo: Path, factory: str) -> None:
    expected = network()
    expected.half().float()
    assert_same(labels_of(open_model(f"python:zoo.py:{factory}")), expected_labels(expected))


def binary(choice: str) -> np.ndarray:
    segmenter = load_model(choice, data="yard", classes=("background", "object"))
    return Predictor(segmenter, "cpu", "float32", segmenter.window).labels(IMAGES, SIZE)


def test_one_logit_stands_for_two_classes(zoo: Path) -> None:
    labels = binary("python:zoo.py:one")
    x = (
        torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
        - torch.tensor((123.675, 116.28, 103.53)).view(3, 1, 1)
    ) / torch.tensor((58.395, 57.12, 57.375)).view(3, 1, 1)
    with torch.inference_mode():
        logits = network(1)(x)
        expected = nn.functional.interpolate(logits, SIZE, mode="bilinear")[:, 0] > 0
    assert 0.05 < labels.mean() < 0.95
    assert np.mean(labels != expected.numpy()) <= 1e-4
    with pytest.raises(InputError, match="one channel of values from 0 to 1, as of probabilities"):
        binary("python:zoo.py:probability")
    with pytest.raises(InputError, match=r"gives \(1, 1, 16, 21\); expected logits \(1, 19"):
        labels_of(open_model("python:zoo.py:one"))


def save_channels_last(path: Path, *, labels: bool, dtype: int = TensorProto.FLOAT) -> Convolution:
    """Save the network of `save_onnx` with channels last, as TensorFlow exports."""
    made = save_onnx(path, 19, labels=False)
    model = onnx.load(path)
    graph = model.graph
    nodes = [
        helper.make_node("Cast", ["nhwc"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["image"], perm=[0, 3, 1, 2]),
        *graph.node,
    ]
    nodes.append(helper.make_node("Transpose", ["logits"], ["last"], perm=[0, 2, 3, 1]))
    output = helper.make_tensor_value_info("last", TensorProto.FLOAT, ["N", "h", "w", 19])
    if labels:
        nodes.append(helper.make_node("ArgMax", ["last"], ["labels"], axis=3, keepdims=1))
        output = helper.make_tensor_value_info("labels", TensorProto.INT64, ["N", "h", "w", 1])
    image = helper.make_tensor_value_info("nhwc", dtype, ["N", "H", "W", 3])
    whole = helper.make_graph(nodes, "nhwc", [image], [output], list(graph.initializer))
    onnx.save(
        helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )
    return made


def test_onnx_with_channels_last_is_taken(folder: Path) -> None:
    made = save_channels_last(folder / "net.onnx", labels=False)
    assert_same(labels_of(open_model("onnx:net.onnx")), expected_labels(made))
    save_onnx(folder / "labels.onnx", 19, labels=True)
    expected = labels_of(open_model("onnx:labels.onnx"))
    save_channels_last(folder / "net.onnx", labels=True)
    assert_same(labels_of(open_model("onnx:net.onnx")), expected)


def test_onnx_of_half_precision_is_taken(folder: Path) -> None:
    made = save_onnx(folder / "net.onnx", 19, dtype=TensorProto.FLOAT16)
    labels = labels_of(open_model("onnx:net.onnx"))
    assert np.mean(labels != expected_labels(made)) < 0.01  # the pixels are rounded


def test_a_size_of_one_number_is_refused(zoo: Path) -> None:
    assert refusal("python:zoo.py:square") == (
        "Preprocessing: size is 512; expected (height, width) in pixels"
    )
    assert Preprocessing((0, 0, 0), (1, 1, 1), size=(512, 512)).size == (512, 512)


@pytest.mark.parametrize("factory", ["leaves", "leaving"])
def test_a_model_that_exits_ends_no_run_with_success(
    zoo: Path, factory: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = write_tree(zoo / "tree", 1, width=64, height=32)
    words = f"eval --model python:zoo.py:{factory} --data {tree} --corruptions fog --severities 1"
    monkeypatch.setattr(sys, "argv", ["robustseg", *words.split()])
    assert cli.run() == 2
    said = capsys.readouterr().err
    assert "fails on an input of 64x32 (SystemExit: 0)" in said
    assert said.count("\n") == 1


def test_models_of_others_are_tried_out_before_the_frames_are_read(
    zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = write_tree(zoo / "tree", 2, width=64, height=32)

    def read(*_: Any) -> None:
        raise AssertionError("frames are read")

    monkeypatch.setattr("robustbench_seg.evaluation.plan.frames_of", read)
    for factory, said in (
        ("void", "gives labels from 255 to 255; its classes are 0 to 18"),
        ("one", r"expected logits \(1, 19, h, w\)"),
    ):
        with pytest.raises(InputError, match=said):
            robustbench_seg.evaluate(f"python:zoo.py:{factory}", data=str(tree), out=zoo / "run")
    assert not (zoo / "run").exists()
