"""A diagnosis finds what is wrong with how a model is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import robustbench_seg
from robustbench_seg.diagnosis.candidates import NORMALISATIONS

COLORS = np.array([[40, 60, 90], [90, 60, 40], [120, 200, 60], [60, 200, 120], [230, 220, 240]])
"""Two pairs of classes that differ in the order of the channels alone."""
NET = """
import torch
from torch import nn

def build():
    colors = torch.tensor({colors}, dtype=torch.float32)  # (C, 3), in the order of the outputs
    means = (colors{flip} - torch.tensor({mean})) / torch.tensor({std})
    network = nn.Conv2d(3, len(means), 1)  # the nearest mean has the largest logit
    network.weight.data = 2 * means[:, :, None, None]
    network.bias.data = -(means ** 2).sum(1)
    return network
"""
FIXED = """
from robustbench_seg.models.base import Preprocessing

class Fixed(nn.Module):
    preprocessing = Preprocessing((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), size=(64, 64))

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        assert image.shape[2:] == (64, 64)
        return self.network(image)

fixed = Fixed
"""


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    for name in ("a", "b"):
        label = np.kron(rng.integers(0, 5, (12, 16)), np.ones((8, 8), int)).astype(np.uint8)
        image = np.clip(COLORS[label] + rng.integers(-15, 16, (96, 128, 3)), 0, 255)
        Image.fromarray(image.astype(np.uint8)).save(root / "images" / f"{name}.png")
        Image.fromarray(label).save(root / "labels" / f"{name}.png")
    classes = ", ".join(f'{{name = "c{number}"}}' for number in range(5))
    (root / "five.toml").write_text(f"classes = [{classes}]")
    return {
        "images": root / "images",
        "labels": root / "labels",
        "classes": root / "five.toml",
        "device": "cpu",
    }


def network(
    folder: Path,
    mean: Any = (123.675, 116.28, 103.53),
    std: Any = (58.395, 57.12, 57.375),
    *,
    bgr: bool = False,
    colors: NDArray[Any] = COLORS,
) -> str:
    """Write a network that is right with this preprocessing, and return its choice."""
    flip = ".flip(1)" if bgr else ""
    text = NET.format(colors=colors.tolist(), flip=flip, mean=list(mean), std=list(std))
    (folder / "net.py").write_text(text)
    return f"python:{folder / 'net.py'}:build"


def test_nothing_is_advised_for_a_model_that_is_run_right(
    tmp_path: Path, frames: dict[str, Any]
) -> None:
    found = robustbench_seg.diagnose(network(tmp_path), **frames)
    assert (found.advice, found.now, found.best) == ((), 1.0, 1.0)
    assert found.frames == ("a", "b")
    assert found.table["miou"].max() == 1.0
    assert {"normalisation", "input size", "window", "class order"} <= set(found.table["part"])
    frames_of = found.table.set_index("tried")["frames"]
    assert (frames_of["the model's mean and std, RGB"], frames_of["none, pixels 0-255, RGB"]) == (
        2,
        1,
    )


def test_the_order_of_channels_is_found(tmp_path: Path, frames: dict[str, Any]) -> None:
    mean, std = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
    found = robustbench_seg.diagnose(network(tmp_path, mean, std, bgr=True), **frames)
    assert found.now < 0.5
    assert found.best == 1.0
    (advice,) = found.advice
    assert advice.startswith("channels: --channels BGR --mean 103.53,116.28,123.675 --std ")


@pytest.mark.parametrize("name", ["none, pixels 0-255", "ImageNet's mean alone"])
def test_the_normalisation_is_found(tmp_path: Path, frames: dict[str, Any], name: str) -> None:
    mean, std = NORMALISATIONS[name]
    choice = network(tmp_path, mean, std)
    found = robustbench_seg.diagnose(choice, **frames)
    assert found.now < 0.9
    (advice,) = found.advice
    numbers = ",".join(f"{value:g}" for value in mean)
    assert advice.startswith(f"normalisation: --mean {numbers} --std 1,1,1 (+")
    again = robustbench_seg.diagnose(choice, **frames, mean=mean, std=std)
    assert (again.advice, again.now) == ((), 1.0)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ([4, 0, 1, 2, 3], 'class order, labels shifted: output 0 is background: classes = ["c4", '),
        ([1, 2, 3, 4, 0], "class order, labels shifted: the last output is background: classes = "),
        ([2, 0, 1, 4, 3], 'class order: classes = ["c2", "c0", "c1", "c4", "c3"] in NAME.toml or'),
    ],
)
def test_the_order_of_the_classes_is_found(
    tmp_path: Path, frames: dict[str, Any], order: list[int], words: str
) -> None:
    found = robustbench_seg.diagnose(network(tmp_path, colors=COLORS[order]), **frames)
    assert found.now < 0.5
    assert found.best == 1.0
    (advice,) = found.advice
    assert advice.startswith(words)


def test_a_class_map_is_applied(tmp_path: Path, frames: dict[str, Any]) -> None:
    pairs = "\n".join(f'c{number} = "{"dark" if number < 4 else "light"}"' for number in range(5))
    (tmp_path / "two.toml").write_text('classes = [{name = "dark"}, {name = "light"}]')
    (tmp_path / "five.toml").write_text(frames["classes"].read_text())
    (tmp_path / "map.toml").write_text(f'from = "five.toml"\nto = "two.toml"\n[map]\n{pairs}')
    for path in frames["labels"].iterdir():
        (tmp_path / "labels").mkdir(exist_ok=True)
        label = np.asarray(Image.open(path))
        Image.fromarray((label == 4).astype(np.uint8)).save(tmp_path / "labels" / path.name)
    given = {"classes": tmp_path / "two.toml", "labels": tmp_path / "labels"}
    found = robustbench_seg.diagnose(
        network(tmp_path, (0, 0, 0), (1, 1, 1)),
        **{**frames, **given, "class_map": tmp_path / "map.toml"},
    )
    assert found.now < 0.9
    assert found.best == 1.0
    (advice,) = found.advice
    assert advice.startswith("normalisation: --mean 0,0,0 --std 1,1,1 (+")


def test_windows_of_a_fixed_size_slide_over_frames_of_another(
    tmp_path: Path, frames: dict[str, Any]
) -> None:
    choice = network(tmp_path)
    text = (tmp_path / "net.py").read_text().replace("return network", "return fixed(network)")
    (tmp_path / "net.py").write_text(f"{text}\n{FIXED}")
    found = robustbench_seg.diagnose(choice, **frames)
    assert found.now < found.best == 1.0
    assert [advice.partition(" (")[0] for advice in found.advice] == [
        "input size: --input-scale 1",
        "window: window = {mode = 'slide', crop = 64, stride = 42} in NAME.toml or the model",
    ]


def test_labels_of_a_function_are_matched_alone(tmp_path: Path, frames: dict[str, Any]) -> None:
    (tmp_path / "net.py").write_text(
        "def build():\n    return lambda image: (image[..., 0] > 100).astype('uint8')\n"
    )
    found = robustbench_seg.diagnose(f"python:{tmp_path / 'net.py'}:build", **frames)
    assert set(found.table["part"]) == {"settings", "class order"}


def test_the_command_says_what_to_set(
    tmp_path: Path,
    frames: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from robustbench_seg.cli import run

    options = [word for name, value in frames.items() for word in (f"--{name}", str(value))]
    choice = network(tmp_path, (0, 0, 0), (1, 1, 1))
    monkeypatch.setattr("sys.argv", ["robustseg", "diagnose", "--model", choice, *options])
    monkeypatch.setenv("COLUMNS", "200")
    assert run() == 0
    printed = capsys.readouterr().out
    assert "Best: 100.0 %, with\n  normalisation: --mean 0,0,0 --std 1,1,1 (+" in printed
