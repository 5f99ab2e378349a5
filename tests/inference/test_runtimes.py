"""Runtimes against torch: the same labels, or torch with a reason."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_seg.datasets.streets import streets
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.runtimes import openvino
from robustbench_seg.inference.runtimes.choice import choose_runtime
from robustbench_seg.inference.runtimes.runtime import UnsuitableError
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import IMAGENET, WHOLE, Precision, RuntimeName, Segmenter, Window
from robustbench_seg.models.class_mask import reorder_classes
from robustbench_seg.models.registry import load_model
from tests.helpers.foreign_models import noise, save_onnx, save_peer, save_torchscript

pytestmark = pytest.mark.openvino

CLASSES = [info.name for info in CITYSCAPES]
IMAGES = np.stack([noise(64, 128), noise(64, 128)[::-1]])  # (2, H, W, 3)


def labels(
    segmenter: Segmenter,
    runtime: RuntimeName = "torch",
    *,
    images: NDArray[np.uint8] = IMAGES,
    precision: Precision = "float32",
) -> LabelMap:
    """Return the labels (N, H, W) of images by a runtime."""
    chosen = choose_runtime(runtime, segmenter, images[0], precision=precision)
    assert chosen.name == runtime
    predictor = Predictor(segmenter, "cpu", precision, segmenter.window, run=chosen.run)
    return predictor.labels(images, images.shape[1:3])


def segmenter_of(network: Any) -> Segmenter:
    return Segmenter("mine", network, IMAGENET, WHOLE, ("a", "b"), "nothing")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["b0", "b0-pe", "espnet", "fcn-mobilenetv2", "pspnet-mobilenetv2", "deeplabv3plus-mobilenetv2"],
)
def test_labels_of_our_networks_equal_those_of_torch(name: str) -> None:
    segmenter = load_model(f"{name}@random", data="streets", classes=CLASSES)
    equal = labels(segmenter, "openvino") == labels(segmenter)
    assert equal.mean() > 0.9999


@pytest.mark.slow
def test_each_size_and_window_is_compiled() -> None:
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    assert isinstance(segmenter.network, nn.Module)
    run = openvino.load(segmenter.network, "float32")
    for window in (WHOLE, Window("slide", 64, 48)):
        for size in ((64, 128), (100, 90), (64, 128)):
            images = noise(*size)[np.newaxis]
            ours = Predictor(segmenter, "cpu", "float32", window, run=run).labels(images, size)
            theirs = Predictor(segmenter, "cpu", "float32", window).labels(images, size)
            assert (ours == theirs).mean() > 0.9999
    assert len(run.compiled) == 3  # windows of 64x64 are one size


@pytest.mark.slow
def test_threads_share_a_network_of_several_streams() -> None:
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    chosen = choose_runtime("openvino", segmenter, IMAGES[0], streams=2)
    assert chosen.callers == 3
    assert isinstance(chosen.run, openvino.EachSize)
    inputs = [torch.rand(1, 3, 64, side) for side in (64, 96) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(chosen.run, inputs))
    assert all(torch.equal(chosen.run(x), y) for x, y in zip(inputs, found, strict=True))
    assert {(64, 64), (64, 96)} <= chosen.run.compiled.keys()


@pytest.mark.parametrize("size", [(64, 96), None], ids=["fixed", "dynamic"])
def test_labels_of_onnx_files_equal_those_of_onnxruntime(
    tmp_path: Path, size: tuple[int, int] | None
) -> None:
    save_onnx(tmp_path / "net.onnx", 19, shape=(1, 3, *(size or ("H", "W"))))
    segmenter = load_model(f"onnx:{tmp_path}/net.onnx", data="streets", classes=CLASSES)
    reversed_order = reorder_classes(segmenter, range(18, -1, -1))
    for each in (segmenter, reversed_order):
        assert (labels(each, "openvino") == labels(each)).all()


def test_labels_of_torchscript_equal_those_of_torch(tmp_path: Path) -> None:
    save_torchscript(tmp_path / "net.pt", 19)
    segmenter = load_model(f"torchscript:{tmp_path}/net.pt", data="streets", classes=CLASSES)
    assert (labels(segmenter, "openvino") == labels(segmenter)).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["segformer", "upernet-swin", "mask2former"])
def test_labels_of_models_of_transformers_equal_those_of_torch(tmp_path: Path, kind: str) -> None:
    save_peer(kind, tmp_path, CLASSES)
    segmenter = load_model(f"hf:{tmp_path}", data="streets", classes=CLASSES)
    equal = labels(segmenter, "openvino") == labels(segmenter)
    assert equal.mean() > 0.9999


@pytest.mark.slow
def test_bf16_changes_few_labels() -> None:
    try:
        openvino.load(nn.Identity(), "bf16")
    except UnsuitableError as error:
        pytest.skip(str(error))
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    images = streets("val", limit=1, width=256, height=128).frames[0].image()[np.newaxis]
    equal = labels(segmenter, "openvino", images=images, precision="bf16") == labels(
        segmenter, images=images
    )
    assert 0.95 < equal.mean() < 1


class Branching(nn.Module):
    """A network whose pixels decide on its branch."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2, H, W)."""
        return x[:, :2] if x.mean() > 0 else -x[:, :2]


class Detached(nn.Module):
    """A network that leaves torch: to a trace its logits are constants."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2, H, W)."""
        return torch.from_numpy(x.numpy()[:, :2].copy())


class Noisy(nn.Module):
    """A network with other logits in each pass."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2, H, W)."""
        return x[:, :2] + torch.rand(1)


@pytest.mark.parametrize("network", [Branching(), Detached(), Noisy()])
def test_networks_that_cannot_be_traced_are_run_by_torch(network: nn.Module) -> None:
    chosen = choose_runtime("auto", segmenter_of(network), IMAGES[0])
    assert (chosen.name, chosen.run) == ("torch", None)
    assert "OpenVINO" in chosen.reason
    with pytest.raises(InputError, match=r"^--runtime openvino: cannot run mine: .*OpenVINO"):
        choose_runtime("openvino", segmenter_of(network), IMAGES[0])


@pytest.mark.slow
def test_logits_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    compile_model = openvino._Compiler.compile

    def inexact(*arguments: Any) -> Any:
        infer = compile_model(*arguments)
        return lambda values: infer(values) * 1.001

    monkeypatch.setattr(openvino._Compiler, "compile", inexact)
    chosen = choose_runtime("auto", segmenter, IMAGES[0])
    assert chosen.name == "torch"
    assert "differ from those of torch by 1.0e-03 of the largest" in chosen.reason


@pytest.mark.parametrize("settings", [{"device": "cuda"}, {"compiled": True}])
def test_what_torch_alone_does_is_left_to_it(settings: dict[str, Any]) -> None:
    segmenter = segmenter_of(nn.Identity())
    assert choose_runtime("auto", segmenter, IMAGES[0], **settings).name == "torch"
    with pytest.raises(InputError, match=r"^--runtime openvino: runs networks on the CPU"):
        choose_runtime("openvino", segmenter, IMAGES[0], **settings)


def test_without_openvino_torch_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "_import_without_telemetry", lambda: None)
    segmenter = segmenter_of(nn.Identity())
    assert choose_runtime("auto", segmenter, IMAGES[0]).reason == "OpenVINO is not installed"


@pytest.mark.slow
def test_telemetry_is_neither_imported_nor_writes(tmp_path: Path) -> None:
    code = (
        "import sys, socket, torch\n"
        "def refuse(*arguments): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from robustbench_seg.inference.runtimes import openvino\n"
        "network = torch.nn.Conv2d(3, 2, 1)\n"
        "openvino.load(network, 'float32')(torch.zeros(1, 3, 8, 8))\n"
        "print([name for name in sys.modules if 'telemetry' in name and 'stub' not in name])\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert [*tmp_path.rglob("*")] == []
    assert "openvino_telemetry" not in done.stdout
