"""Models from users' Python code, and from installed packages."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_seg.models.base import IMAGENET, Preprocessing, Window
from robustbench_seg.models.registry import list_models
from tests.helpers.adapters import (
    IMAGES,
    assert_same,
    expected_labels,
    failure,
    labels_of,
    open_model,
    refusal,
)
from tests.helpers.foreign_models import Convolution, write_package


def test_a_factory_may_return_a_network(folder: Path) -> None:
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


def test_a_factory_may_return_a_function(folder: Path) -> None:
    write_package(folder)
    labels = labels_of(open_model("python:zoo.py:by_brightness"))
    assert np.array_equal(labels, IMAGES.sum(axis=3) % 19)


def test_a_factory_may_return_a_segmenter(folder: Path) -> None:
    write_package(folder)
    segmenter = open_model("python:zoo:whole_segmenter")
    assert (segmenter.name, segmenter.trained_on) == ("mine", "my data")
    assert segmenter.window == Window("slide", 64, 48)
    assert segmenter.weights["source"] == "zoo"
    assert segmenter.weights["note"].startswith("its class 'a' is scored as 'road', and 18 more")


def test_attributes_of_a_network_are_used(folder: Path) -> None:
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


def test_the_digest_covers_code_and_weights(folder: Path) -> None:
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
    # Other weights from the same code, as when it reads them from a file.
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


def test_errors_in_a_users_code_are_one_line(folder: Path) -> None:
    (folder / "broken.py").write_text(BROKEN)
    assert refusal("python:broken:raises") == (
        "--model python:broken:raises: the factory failed: ValueError: no weights at "
        "(broken.py line 3)"
    )
    assert "returned a NoneType; expected an nn.Module, a Segm" in refusal("python:broken:nothing")
    assert "the factory failed: SystemExit: 3" in refusal("python:broken:leaves")
    failed = failure("python:broken:fails")
    assert failed.startswith("--model python:broken:fails: fails on an input of 83x61 (IndexError:")
    assert "gives (1, 3, 61, 83); expected logits" in failure("python:broken:pair")
    assert "gives (1, 3, 61, 83); expected logits" in failure("python:broken:images")
    assert "gives labels, int64 (1, 61, 83); exp" in failure("python:broken:whole_numbers")
    assert "fails on an input of 83x61 (IndexError:" in failure("python:broken:function")
    assert labels_of(open_model("python:broken:mapping")).max() == 0


def test_a_missing_factory_or_module_is_reported(folder: Path) -> None:
    write_package(folder)
    expected = "--model python:zoo:netwerk: zoo has no function netwerk; it has network"
    assert refusal("python:zoo:netwerk").startswith(expected)
    assert "no module gone is installed or in the current folder" in refusal("python:gone:x")
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


def test_the_current_folder_comes_last_in_the_import_path(folder: Path) -> None:
    write_package(folder)
    open_model("python:zoo:network")
    assert sys.path[0] != str(folder)
    assert sys.path[-1] == str(folder)


@pytest.mark.slow
def test_a_package_registers_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(folder, entry="tiny = zoo:network\nb0 = zoo:network")
    monkeypatch.syspath_prepend(folder)
    segmenter = open_model("tiny")
    assert (segmenter.name, segmenter.trained_on) == ("tiny", "the data of tiny")
    view = {info.name: info for info in list_models()}
    assert view["tiny"].description == "registered by tiny-zoo 1.5"
    assert view["tiny"].parameters is None
    # The catalogue's names take precedence.
    assert view["b0"].parameters == 3_719_027
    assert "did you mean tiny?" in refusal("tny")
    assert refusal("tiny@random") == (
        "--model tiny@random: brings its own weights; leave random out"
    )
