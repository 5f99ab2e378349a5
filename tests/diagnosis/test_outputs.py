"""A diagnosis says what is wrong with the outputs of a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import robustbench_seg
from robustbench_seg.errors import InputError

NET = """
import torch
from torch import nn
from torch.nn import functional

class Net(nn.Module):
    classes = ["dark", "light"]

    def forward(self, image):
        grey = image.mean(1, keepdim=True) - 0.15
        logits = torch.cat([-grey, grey], 1)  # (N, 2, H, W)
        {line}

def build():
    return Net()
"""


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("frames")
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        label = np.kron(rng.integers(0, 2, (8, 8)), np.ones((8, 8), int)).astype(np.uint8)
        image = 30 + 105 * label + rng.integers(0, 90, (64, 64))
        Image.fromarray(image.astype(np.uint8)).convert("RGB").save(root / f"images/{name}.png")
        Image.fromarray(label).save(root / f"labels/{name}.png")
    (root / "two.toml").write_text('classes = [{name = "dark"}, {name = "light"}]')
    return {
        "images": root / "images",
        "labels": root / "labels",
        "classes": root / "two.toml",
        "device": "cpu",
    }


def choice(folder: Path, line: str) -> str:
    (folder / "net.py").write_text(NET.format(line=line))
    return f"python:{folder / 'net.py'}:build"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("return logits", ""),
        ("return functional.dropout(logits, 0.5)", "eval mode: "),
        ("return logits.softmax(1)", "softmax: the outputs are probabilities; "),
        (
            "return functional.batch_norm(logits, None, None, training=True)",
            "eval mode: .* when another image is in the batch: batch norm is in training mode",
        ),
    ],
)
def test_what_is_wrong_with_the_outputs_is_said(
    tmp_path: Path, frames: dict[str, Any], line: str, words: str
) -> None:
    torch.manual_seed(0)
    found = robustbench_seg.diagnose(choice(tmp_path, line), **frames)
    assert len(found.problems) == bool(words)
    assert re.match(words, "".join(found.problems))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("return torch.cat([0 * grey - 9, logits], 1)", "outputs: the first output of the network"),
        ("return torch.cat([logits, 0 * grey - 9], 1)", "outputs: the last output of the network"),
    ],
)
def test_outputs_for_the_background_are_found(
    tmp_path: Path, frames: dict[str, Any], line: str, words: str
) -> None:
    model = choice(tmp_path, line)
    (tmp_path / "net.py").write_text(
        (tmp_path / "net.py").read_text().replace('classes = ["dark", "light"]', "pass")
    )
    found = robustbench_seg.diagnose(model, **frames)
    assert found.best == 1.0
    (advice,) = found.advice
    assert advice.startswith(words)


def test_labels_in_place_of_logits_are_refused(tmp_path: Path, frames: dict[str, Any]) -> None:
    with pytest.raises(
        InputError, match=r"gives labels, int64 \(1, 64, 64\); .* before the argmax"
    ):
        robustbench_seg.diagnose(choice(tmp_path, "return logits.argmax(1)"), **frames)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_network_traced_with_dropout_is_found(tmp_path: Path, frames: dict[str, Any]) -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Dropout(0.5)).train()
    traced = torch.jit.trace(network, torch.zeros(1, 3, 64, 64), check_trace=False)
    torch.jit.save(traced, tmp_path / "net.pt")
    found = robustbench_seg.diagnose(f"torchscript:{tmp_path / 'net.pt'}", **frames)
    assert found.problems[0].startswith("eval mode: ")
