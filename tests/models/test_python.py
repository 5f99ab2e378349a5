"""Models from users' Python code, and from installed packages."""

from __future__ import annotations

import hashlib
import importlib
import os
import py_compile
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET, Preprocessing, Window
from robustbench_seg.models.listing import list_models
from robustbench_seg.reporting.run import Run
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
from tests.helpers.frames import write_tree


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


FUNCTION = "def make():\n    return lambda image: image[..., 0] % 19\n"
IMPORTS = {
    "a module": ("import net\n", "net.py"),
    "a name of a module": ("from net import size\n", "net.py"),
    "a part of a package": ("import zoo_parts.net\n", "zoo_parts/net.py"),
    "a package around a part": ("from zoo_parts.net import size\n", "zoo_parts/__init__.py"),
    "a module of a module": ("import first\n", "net.py"),
    "a relative import": ("import zoo_parts.first\n", "zoo_parts/net.py"),
    "in a function": ("def later():\n    import net\n", "net.py"),
}


def write_modules(folder: Path) -> None:
    (folder / "zoo_parts").mkdir()
    for place in (folder, folder / "zoo_parts"):
        (place / "net.py").write_text("size = 1\n")
    (folder / "first.py").write_text("import net\n")
    (folder / "zoo_parts" / "first.py").write_text("from . import net\n")
    (folder / "zoo_parts" / "__init__.py").write_text("")


def forget() -> None:
    """Unload the modules of the folder, as a new process does."""
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if re.match(r"(zoo|first|net|zoo_parts)\b", name)]:
        del sys.modules[name]


def digest(choice: str) -> str:
    forget()
    try:
        return open_model(choice).weights["sha256"]
    finally:
        forget()


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["python:zoo.py:make", "python:zoo:make"])
@pytest.mark.parametrize("kind", IMPORTS)
def test_the_digest_covers_the_modules_that_the_code_imports(
    kind: str, choice: str, folder: Path
) -> None:
    statement, name = IMPORTS[kind]
    write_modules(folder)
    (folder / "zoo.py").write_text(statement + FUNCTION)
    before = digest(choice)
    (folder / "unused.py").write_text("")
    assert digest(choice) == before
    (folder / name).write_text("size = 2\n")
    assert digest(choice) != before


def test_the_digest_of_one_file_is_that_of_version_0_1_0(folder: Path) -> None:
    (folder / "zoo.py").write_text(FUNCTION)
    content = hashlib.sha256(FUNCTION.encode()).hexdigest()
    expected = hashlib.sha256(content.encode()).hexdigest()
    assert digest("python:zoo.py:make") == digest("python:zoo:make") == expected


@pytest.mark.parametrize("choice", ["python:zoo.py:make", "python:zoo:make"])
def test_the_bytes_that_run_are_hashed_though_the_file_changes_meanwhile(
    choice: str, folder: Path
) -> None:
    changing = "from pathlib import Path\nPath(__file__).write_text('changed')\n" + FUNCTION
    (folder / "zoo.py").write_text(changing)
    content = hashlib.sha256(changing.encode()).hexdigest()
    assert digest(choice) == hashlib.sha256(content.encode()).hexdigest()


@pytest.mark.parametrize("choice", ["python:zoo.py:make", "python:zoo:make"])
def test_bytecode_of_an_older_file_is_not_run(choice: str, folder: Path) -> None:
    path = folder / "zoo.py"
    path.write_text(FUNCTION)
    os.utime(path, (0, 0))
    py_compile.compile(str(path))
    path.write_text(FUNCTION.replace("0] % 19", "1] % 19"))  # of the same size
    os.utime(path, (0, 0))
    forget()
    labels = labels_of(open_model(choice))
    forget()
    assert np.array_equal(labels, IMAGES[..., 1] % 19)


@pytest.mark.posix
@pytest.mark.skipif(os.name == "nt", reason="needs named pipes")
def test_a_pipe_beside_the_code_is_refused_at_once(folder: Path) -> None:
    write_modules(folder)
    (folder / "net.py").unlink()
    os.mkfifo(folder / "net.py")
    (folder / "zoo.py").write_text("def later():\n    import net\n" + FUNCTION)
    os.mkfifo(folder / "pipe.py")
    assert digest("python:zoo.py:make")  # no file is there to import
    assert "no such file: pipe.py" in refusal("python:pipe.py:make")


def test_a_run_whose_code_has_changed_is_not_continued(folder: Path) -> None:
    write_modules(folder)
    tree = write_tree(folder / "tree", 1, width=64, height=32)
    (folder / "zoo.py").write_text("import net\n" + FUNCTION)

    def evaluate() -> Run:
        forget()
        few: dict[str, Any] = {"corruptions": ["contrast"], "severities": [1]}
        return robustbench_seg.evaluate("python:zoo.py:make", data=tree, out=folder / "run", **few)

    assert len(evaluate().frames) == len(evaluate().frames) == 1
    (folder / "net.py").write_text("size = 2\n")
    expected = r"holds another run, which differs in models python:zoo:make weights sha256; name"
    with pytest.raises(InputError, match=expected):
        evaluate()
