"""Models in ONNX and TorchScript files, of users' Python code, and of installed packages."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import IMAGENET, Preprocessing, Segmenter, Window
from robustbench_seg.models.registry import build_model, list_models, load_model, parse_choice
from tests.helpers.foreign_models import Convolution, save_onnx, save_torchscript, write_package

CLASSES = tuple(info.name for info in CITYSCAPES)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 61, 83, 3), np.uint8)
SIZE = (61, 83)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which is empty, and in which no module is known yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("zoo", "broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def refusal(choice: str, *, weights: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        load_model(choice, data="streets", weights=weights, classes=CLASSES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def labels_of(segmenter: Segmenter) -> np.ndarray:
    return Predictor(segmenter, "cpu", "float32", segmenter.window).labels(IMAGES, SIZE)


def fails(choice: str) -> str:
    """Return what is said where a model loads, but does not label images."""
    segmenter = load_model(choice, data="streets", classes=CLASSES)
    with pytest.raises(InputError) as caught:
        labels_of(segmenter)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def expected_labels(
    network: Convolution, preprocessing: Preprocessing = IMAGENET, classes: int = 19
) -> np.ndarray:
    ours = Segmenter(
        "", network, preprocessing, Window("whole"), CLASSES[:classes], "", dict[str, str]()
    )
    return labels_of(ours)


def open_model(choice: str) -> Segmenter:
    return load_model(choice, data="streets", classes=CLASSES)


def assert_same(labels: np.ndarray, expected: np.ndarray) -> None:
    assert len(np.unique(expected)) > 2
    assert np.mean(labels != expected) <= 1e-4


# ONNX


@pytest.mark.parametrize("shape", [("N", 3, "H", "W"), (1, 3, "H", "W"), (1, 3, 64, 96)])
def test_onnx_gives_what_torch_gives(folder: Path, shape: tuple[int | str, ...]) -> None:
    network = save_onnx(folder / "net.onnx", 19, shape=shape)
    segmenter = open_model("onnx:net.onnx")
    assert (segmenter.name, segmenter.trained_on) == ("onnx:net", "the data of net.onnx")
    size = (64, 96) if shape[2] == 64 else None
    preprocessing = Preprocessing(IMAGENET.mean, IMAGENET.std, size=size)
    assert segmenter.preprocessing == preprocessing
    assert_same(labels_of(segmenter), expected_labels(network, preprocessing))


def test_onnx_says_how_its_images_are_prepared(folder: Path) -> None:
    network = save_onnx(
        folder / "net.onnx",
        19,
        mean="[100, 110, 120]",
        std="[50, 60, 70]",
        channels="BGR",
        trained_on="my streets",
        classes='["way", ' + ", ".join(f'"{name}"' for name in CLASSES[1:]) + "]",
    )
    segmenter = open_model("onnx:net.onnx")
    preprocessing = Preprocessing((100, 110, 120), (50, 60, 70), "BGR")
    assert (segmenter.preprocessing, segmenter.trained_on) == (preprocessing, "my streets")
    assert segmenter.weights["note"] == "its class 'way' is scored as 'road'"
    assert_same(labels_of(segmenter), expected_labels(network, preprocessing))


def test_onnx_takes_pixels(folder: Path) -> None:
    network = save_onnx(folder / "net.onnx", 19, dtype=TensorProto.UINT8)
    preprocessing = Preprocessing((0, 0, 0), (1, 1, 1))
    assert_same(labels_of(open_model("onnx:net.onnx")), expected_labels(network, preprocessing))


@pytest.mark.parametrize("shape", [("N", 3, "H", "W"), (1, 3, 64, 96)])
def test_onnx_gives_labels(folder: Path, shape: tuple[int | str, ...]) -> None:
    network = save_onnx(folder / "net.onnx", 19, shape=shape, labels=True)
    x = IMAGENET.normalise(torch.from_numpy(IMAGES).permute(0, 3, 1, 2))
    if shape[2] == 64:
        x = F.interpolate(x, (64, 96), mode="bilinear")
    with torch.inference_mode():
        # Each label of the quarter-size map covers 4x4 pixels, stretched to the image.
        coarse = network(x).argmax(1, keepdim=True).double()
        expected = F.interpolate(coarse, SIZE, mode="nearest-exact")[:, 0].numpy()
    assert_same(labels_of(open_model("onnx:net.onnx")), expected)


def test_onnx_keeps_tensors_beside_it(folder: Path) -> None:
    network = save_onnx(folder / "net.onnx", 19, external=True)
    segmenter = open_model("onnx:net.onnx")
    assert_same(labels_of(segmenter), expected_labels(network))
    data = folder / "net.onnx.data"
    data.write_bytes(bytes(4) + data.read_bytes()[4:])
    assert open_model("onnx:net.onnx").weights["sha256"] != segmenter.weights["sha256"]
    data.unlink()
    assert refusal("onnx:net.onnx") == (
        "net.onnx: keeps tensors in net.onnx.data, which is not beside it"
    )


@pytest.mark.parametrize("place", ["../secret", "/secret"])
def test_onnx_reads_nothing_elsewhere(folder: Path, place: str) -> None:
    save_onnx(folder / "net.onnx", 19, external=True)
    model = onnx.load(folder / "net.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        tensor.external_data[0].value = place
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    told = f"net.onnx: refused: it names {place}, outside its own folder"
    assert refusal("onnx:net.onnx") == told


def test_onnx_of_other_forms_is_refused(folder: Path) -> None:
    path = folder / "net.onnx"
    save_onnx(path, 11)
    assert "a model of 11 classes, where the labels of streets have 19" in refusal("onnx:net.onnx")
    save_onnx(path, 19, shape=(1, 4, 8, 8))
    assert "expected one, float32 or uint8 (N, 3, H, W)" in refusal("onnx:net.onnx")
    save_onnx(path, 19, shape=(4, 3, 8, 8))
    assert "takes 4 images at once; export it for 1 or N" in refusal("onnx:net.onnx")
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


def test_a_missing_onnxruntime_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refusal("onnx:net.onnx") == (
        "--model onnx:net.onnx: needs onnxruntime, which is not installed; "
        "pip install 'robustbench-seg[onnx]'"
    )


# TorchScript


def test_torchscript_gives_what_torch_gives(folder: Path) -> None:
    network = save_torchscript(folder / "model.pt", 19)
    segmenter = open_model("torchscript:model.pt")
    assert segmenter.name == f"torchscript:{folder.name}"
    assert_same(labels_of(segmenter), expected_labels(network))


def test_torchscript_says_how_its_images_are_prepared(folder: Path) -> None:
    values = {"mean": [1, 2, 3], "std": [9, 8, 7], "size": [64, 96], "trained_on": "mine"}
    network = save_torchscript(folder / "a.pt", 19, preprocessing=values, classes=CLASSES)
    segmenter = open_model("torchscript:a.pt")
    preprocessing = Preprocessing((1, 2, 3), (9, 8, 7), size=(64, 96))
    assert (segmenter.preprocessing, segmenter.trained_on) == (preprocessing, "mine")
    assert_same(labels_of(segmenter), expected_labels(network, preprocessing))


def test_torchscript_of_other_forms_is_refused(folder: Path) -> None:
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
    assert "gives logits (1, 20, 16, 21); expected (1, 19, h, w)" in fails("torchscript:a.pt")
    (folder / "a.pt").write_bytes((folder / "a.pt").read_bytes()[:900])
    assert "not a TorchScript file, or truncated" in refusal("torchscript:a.pt")
    torch.save(Convolution(19).state_dict(), folder / "a.pt")
    assert "not a TorchScript file, or truncated" in refusal("torchscript:a.pt")


# Python


def test_a_factory_gives_a_network(folder: Path) -> None:
    write_package(folder)
    segmenter = open_model("python:zoo:network")
    assert (segmenter.name, segmenter.trained_on) == (
        "python:zoo:network",
        "the data of python:zoo:network",
    )
    assert (segmenter.preprocessing, segmenter.window) == (IMAGENET, Window("whole"))
    network = Convolution(19)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network.layer = torch.nn.Conv2d(3, 19, 7, stride=4, padding=3)
    assert_same(labels_of(segmenter), expected_labels(network))


def test_a_factory_gives_a_function(folder: Path) -> None:
    write_package(folder)
    labels = labels_of(open_model("python:zoo.py:by_brightness"))
    assert np.array_equal(labels, IMAGES.sum(axis=3) % 19)


def test_a_factory_gives_a_segmenter(folder: Path) -> None:
    write_package(folder)
    segmenter = open_model("python:zoo:whole_segmenter")
    assert (segmenter.name, segmenter.trained_on) == ("mine", "my data")
    assert segmenter.window == Window("slide", 64, 48)
    assert segmenter.weights["source"] == "zoo"
    assert segmenter.weights["note"].startswith("its class 'a' is scored as 'road', and 18 more")


def test_what_a_network_declares_is_used(folder: Path) -> None:
    (folder / "zoo.py").write_text(
        "from torch import nn\n"
        "from robustbench_seg.models.base import Preprocessing, Window\n"
        "def make():\n"
        "    network = nn.Conv2d(3, 19, 1)\n"
        "    network.preprocessing = Preprocessing((1, 2, 3), (4, 5, 6), 'BGR', (64, 96))\n"
        "    network.window = Window('slide', 32, 16)\n"
        "    network.trained_on, network.classes = 'mine', ['a'] * 19\n"
        "    return network\n"
        "def wrong():\n"
        "    network = make()\n"
        "    network.window = 'slide'\n"
        "    return network\n"
        "def fewer():\n"
        "    network = make()\n"
        "    network.classes = ['a', 'b']\n"
        "    return network\n"
    )
    segmenter = open_model("python:zoo:make")
    assert segmenter.preprocessing == Preprocessing((1, 2, 3), (4, 5, 6), "BGR", (64, 96))
    assert (segmenter.window, segmenter.trained_on) == (Window("slide", 32, 16), "mine")
    assert "its class 'a' is scored as 'road'" in segmenter.weights["note"]
    assert "its window is a str; expected a Window" in refusal("python:zoo:wrong")
    assert "a model of 2 classes, where" in refusal("python:zoo:fewer")


def test_a_change_of_code_or_weights_is_noticed(folder: Path) -> None:
    source = (
        "import torch\nfrom torch import nn\ndef make():\n    torch.manual_seed(0)\n"
        "    return nn.Conv2d(3, 19, 1)\n"
    )

    def digest() -> str:
        return open_model("python:zoo.py:make").weights["sha256"]

    (folder / "zoo.py").write_text(source)
    first = digest()
    assert digest() == first
    (folder / "zoo.py").write_text(source + "# changed\n")
    assert digest() != first
    # As where the weights are read from a file that the code names.
    (folder / "zoo.py").write_text(source.replace("manual_seed(0)", "seed()"))
    assert digest() != digest()


BROKEN = """
from torch import nn
def raises(): raise ValueError("no weights at\\n/data/x")
def nothing(): return None
def leaves(): raise SystemExit(3)
class Network(nn.Module):
    def forward(self, x): return self.answer(x)
def fails():
    network = Network()
    network.answer = lambda x: x[5]
    return network
def pair():
    network = Network()
    network.answer = lambda x: (x, x)
    return network
def images():
    network = Network()
    network.answer = lambda x: x
    return network
def whole_numbers():
    network = Network()
    network.answer = lambda x: x[:, 0].long()
    return network
def mapping():
    network = Network()
    network.answer = lambda x: {"out": x[:, :1].expand(-1, 19, -1, -1), "aux": None}
    return network
def function(): return lambda image: image[0][10**9]
"""


def test_what_goes_wrong_in_code_is_told_in_one_line(folder: Path) -> None:
    (folder / "broken.py").write_text(BROKEN)
    assert refusal("python:broken:raises") == (
        "--model python:broken:raises: the factory failed: ValueError: no weights at "
        "(broken.py line 3)"
    )
    assert "returned a NoneType; expected an nn.Module, a Segm" in refusal("python:broken:nothing")
    assert "the factory failed: SystemExit: 3" in refusal("python:broken:leaves")
    failed = fails("python:broken:fails")
    assert failed.startswith("--model python:broken:fails: fails on an input of 83x61 (IndexError:")
    assert "gives tuple; expected logits (1, 19, h, w)" in fails("python:broken:pair")
    assert "gives logits (1, 3, 61, 83); expected" in fails("python:broken:images")
    assert "gives (1, 61, 83); expected logits" in fails("python:broken:whole_numbers")
    assert "fails on an input of 83x61 (IndexError:" in fails("python:broken:function")
    assert labels_of(open_model("python:broken:mapping")).max() == 0


def test_a_missing_factory_or_module_is_named(folder: Path) -> None:
    write_package(folder)
    told = "--model python:zoo:netwerk: zoo has no function netwerk; it has network"
    assert refusal("python:zoo:netwerk").startswith(told)
    assert "no module gone; it was looked for among what is installed" in refusal("python:gone:x")
    assert "no such file: gone.py" in refusal("python:gone.py:x")
    assert "write python:MODULE:FACTORY" in refusal("python:zoo")
    (folder / "broken.py").write_text("import not_there\n")
    assert refusal("python:broken:x") == (
        "--model python:broken:x: the import of broken failed: ModuleNotFoundError: No module "
        "named 'not_there' (broken.py line 1)"
    )
    (folder / "broken.py").write_text("def x(:\n")
    sys.modules.pop("broken", None)
    assert "the import of broken.py failed: SyntaxError" in refusal("python:broken.py:x")


def test_the_current_folder_hides_no_package(folder: Path) -> None:
    write_package(folder)
    open_model("python:zoo:network")
    assert sys.path[0] != str(folder)
    assert sys.path[-1] == str(folder)


# Installed packages, and choices


def test_a_package_registers_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(folder, entry="tiny = zoo:network\nb0 = zoo:network")
    monkeypatch.syspath_prepend(folder)
    segmenter = open_model("tiny")
    assert (segmenter.name, segmenter.trained_on) == ("tiny", "the data of tiny")
    view = {info.name: info for info in list_models()}
    assert view["tiny"].description == "registered by tiny-zoo 1.5"
    assert view["tiny"].parameters is None
    # Our own names stay ours.
    assert view["b0"].parameters == 3_719_027
    assert "did you mean tiny?" in refusal("tny")
    assert refusal("tiny@random") == (
        "--model tiny@random: brings its own weights; leave random out"
    )


def test_choices_with_a_prefix() -> None:
    assert parse_choice("hf:a/b@c") == ("a/b@c", None, "hf")
    assert parse_choice("python:x.y:z") == ("x.y:z", None, "python")
    told = "nothing after ':'; write hf:REPOSITORY_OR_FOLDER, onnx:FILE"
    assert told in refusal("onnx:")
    assert "no model 'tf:x'" in refusal("tf:x")
    assert refusal("onnx:x", weights="y.pth") == (
        "--model onnx:x: brings its own weights; leave y.pth out"
    )
    with pytest.raises(InputError, match="--model hf:a/b: cannot be trained here; train one of"):
        build_model("hf:a/b", 19)
