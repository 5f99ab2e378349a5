"""Models in ONNX files, against the same network in torch."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper

from robustbench_seg.models.base import IMAGENET, Preprocessing
from tests.helpers.adapters import (
    IMAGES,
    SIZE,
    assert_same,
    expected_labels,
    labels_of,
    open_model,
    refusal,
)
from tests.helpers.foreign_models import save_onnx


@pytest.mark.parametrize("shape", [("N", 3, "H", "W"), (1, 3, "H", "W"), (1, 3, 64, 96)])
def test_logits_of_onnx_equal_those_of_torch(folder: Path, shape: tuple[int | str, ...]) -> None:
    network = save_onnx(folder / "net.onnx", 19, shape=shape)
    segmenter = open_model("onnx:net.onnx")
    assert (segmenter.name, segmenter.trained_on) == ("onnx:net", "the data of net.onnx")
    size = (64, 96) if shape[2] == 64 else None
    preprocessing = Preprocessing(IMAGENET.mean, IMAGENET.std, size=size)
    assert segmenter.preprocessing == preprocessing
    assert_same(labels_of(segmenter), expected_labels(network, preprocessing))


def test_metadata_gives_the_preprocessing_and_the_classes(folder: Path) -> None:
    network = save_onnx(
        folder / "net.onnx",
        19,
        mean="[100, 110, 120]",
        std="[50, 60, 70]",
        channels="BGR",
        trained_on="my streets",
        classes="[" + ", ".join(f'"class {number}"' for number in range(19)) + "]",
    )
    segmenter = open_model("onnx:net.onnx")
    preprocessing = Preprocessing((100, 110, 120), (50, 60, 70), "BGR")
    assert (segmenter.preprocessing, segmenter.trained_on) == (preprocessing, "my streets")
    assert segmenter.weights["note"].startswith("its class 'class 0' is scored as 'road', and 18")
    assert_same(labels_of(segmenter), expected_labels(network, preprocessing))


def test_uint8_inputs_get_the_pixels(folder: Path) -> None:
    network = save_onnx(folder / "net.onnx", 19, dtype=TensorProto.UINT8)
    preprocessing = Preprocessing((0, 0, 0), (1, 1, 1))
    assert_same(labels_of(open_model("onnx:net.onnx")), expected_labels(network, preprocessing))


@pytest.mark.parametrize("shape", [("N", 3, "H", "W"), (1, 3, 64, 96)])
def test_outputs_may_be_labels(folder: Path, shape: tuple[int | str, ...]) -> None:
    network = save_onnx(folder / "net.onnx", 19, shape=shape, labels=True)
    x = IMAGENET.normalise(torch.from_numpy(IMAGES).permute(0, 3, 1, 2))
    if shape[2] == 64:
        x = F.interpolate(x, (64, 96), mode="bilinear")
    with torch.inference_mode():
        # Each label of the quarter-size map covers 4x4 pixels, resized to the image.
        coarse = network(x).argmax(1, keepdim=True).double()
        expected = F.interpolate(coarse, SIZE, mode="nearest-exact")[:, 0].numpy()
    assert_same(labels_of(open_model("onnx:net.onnx")), expected)


def test_external_tensors_are_read_and_part_of_the_digest(folder: Path) -> None:
    network = save_onnx(folder / "net.onnx", 19, external=True)
    segmenter = open_model("onnx:net.onnx")
    assert_same(labels_of(segmenter), expected_labels(network))
    data = folder / "net.onnx.data"
    data.write_bytes(bytes(4) + data.read_bytes()[4:])
    assert open_model("onnx:net.onnx").weights["sha256"] != segmenter.weights["sha256"]
    data.unlink()
    assert refusal("onnx:net.onnx") == (
        "net.onnx: its tensors in net.onnx.data are missing; put that file beside it"
    )


@pytest.mark.parametrize("place", ["../secret", "/secret"])
def test_external_tensors_in_other_folders_are_refused(folder: Path, place: str) -> None:
    save_onnx(folder / "net.onnx", 19, external=True)
    model = onnx.load(folder / "net.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        tensor.external_data[0].value = place
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    expected = f"net.onnx: refused: it names {place}; expected files in its folder"
    assert refusal("onnx:net.onnx") == expected


def test_unsupported_onnx_files_are_refused(folder: Path) -> None:
    path = folder / "net.onnx"
    save_onnx(path, 11)
    assert "a model of 11 classes, where the labels of streets have 19" in refusal("onnx:net.onnx")
    save_onnx(path, 19, shape=(1, 4, 8, 8))
    assert "expected one, float32, float16 or uint8 (N, 3, H, W)" in refusal("onnx:net.onnx")
    save_onnx(path, 19, shape=(4, 3, 8, 8))
    assert "has a fixed batch of 4; export it with 1 or N" in refusal("onnx:net.onnx")
    save_onnx(path, 19, mean="[1, 2]")
    assert refusal("onnx:net.onnx") == "net.onnx: metadata: mean is [1, 2]; expected three numbers"
    save_onnx(path, 19, std="[1, 0, 1]")
    assert "std is [1.0, 0.0, 1.0]; expected positive numbers" in refusal("onnx:net.onnx")
    save_onnx(path, 19, mean="{")
    assert refusal("onnx:net.onnx") == "net.onnx: metadata mean: not JSON: '{'"
    save_onnx(path, 19, classes='["a"]')
    assert "a model of 1 classes" in refusal("onnx:net.onnx")
    path.write_text("no network")
    assert "not an ONNX file that onnxruntime can run" in refusal("onnx:net.onnx")
    assert refusal("onnx:gone") == "--model onnx:gone: no such file; give an ONNX file"


def test_an_uninstalled_onnxruntime_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refusal("onnx:net.onnx") == (
        "--model onnx:net.onnx: needs onnxruntime, which is not installed; "
        "pip install 'robustbench-seg[onnx]'"
    )


@pytest.mark.parametrize("location", ["../secret.bin", "./" * 70 + "../secret.bin", "link.bin"])
def test_no_path_leads_to_tensors_in_other_folders(tmp_path: Path, location: str) -> None:
    np.ones((19, 3, 1, 1), np.float32).tofile(tmp_path / "secret.bin")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "link.bin").symlink_to("../secret.bin")
    weight = onnx.TensorProto(name="w", data_type=1, dims=[19, 3, 1, 1], data_location=1)
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location
    ends = [
        helper.make_tensor_value_info(name, 1, ["n", channels, "h", "w"])
        for name, channels in (("x", 3), ("y", 19))
    ]
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "graph", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "model" / "a.onnx"
    path.write_bytes(model.SerializeToString())
    message = refusal(f"onnx:{path}")
    assert re.search("expected files in its folder|escapes model directory", message)
