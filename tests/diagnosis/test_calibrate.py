"""A temperature is fitted on clean frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import robustbench_seg
from robustbench_seg.cli import app
from robustbench_seg.diagnosis.calibrate import fit_temperature
from robustbench_seg.errors import InputError

NET = """
import torch
from torch import nn

def build():
    network = nn.Conv2d(3, 2, 1)  # the second class is the brighter
    network.weight.data = {scale} * torch.tensor([[-1.0] * 3, [1.0] * 3])[:, :, None, None]
    network.bias.data.zero_()
    return network

def labels():
    return lambda image: (image[..., 0] > 114).astype(int)
"""


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return options of frames of two classes whose brightness overlaps, partly ignored."""
    root = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    for name in "abc":
        label = rng.integers(0, 2, (48, 64)).astype(np.uint8)
        gray = 124 + 40 * (2.0 * label - 1) + rng.normal(0, 40, label.shape)
        image = np.clip(gray, 0, 255)[..., np.newaxis].repeat(3, axis=2).astype(np.uint8)
        label[:8] = 255
        Image.fromarray(image).save(root / "images" / f"{name}.png")
        Image.fromarray(label).save(root / "labels" / f"{name}.png")
    (root / "two.toml").write_text('classes = [{name = "dark"}, {name = "bright"}]')
    return {
        "images": root / "images",
        "labels": root / "labels",
        "classes": root / "two.toml",
        "device": "cpu",
    }


def network(folder: Path, scale: float = 1, function: str = "build") -> str:
    (folder / "net.py").write_text(NET.format(scale=scale))
    return f"python:{folder / 'net.py'}:{function}"


def test_the_temperature_is_that_of_torch() -> None:
    rng = np.random.default_rng(1)
    logits = 6 * rng.standard_normal((7, 4000)).astype(np.float32)
    shares = torch.softmax(torch.from_numpy(logits).T / 2.5, 1)
    truth = torch.multinomial(shares, 1, generator=torch.Generator().manual_seed(0))[:, 0]
    logarithm = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([logarithm], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(torch.from_numpy(logits).T / logarithm.exp(), truth)
        value.backward()
        return value

    optimizer.step(loss)
    found = fit_temperature(logits, truth.numpy().astype(np.uint8))
    assert found == pytest.approx(float(logarithm.exp().detach()), rel=1e-3)
    assert found == pytest.approx(2.5, rel=0.1)


def test_logits_that_are_larger_need_a_higher_temperature(
    tmp_path: Path, frames: dict[str, Any]
) -> None:
    one = robustbench_seg.calibrate(network(tmp_path), **frames)
    (tmp_path / "other").mkdir()
    other = robustbench_seg.calibrate(network(tmp_path / "other", 5), **frames)
    assert other.temperature == pytest.approx(5 * one.temperature, rel=1e-2)
    before, after = other.table.loc[1.0], other.table.loc[other.temperature]
    assert after["nll"] < before["nll"]
    assert after["ece"] < before["ece"] / 2
    assert after["mean_confidence"] == pytest.approx(after["accuracy"], abs=0.02)
    assert after["accuracy"] == before["accuracy"]
    # Rows and columns of small frames are all taken, and ignored pixels left out.
    assert (other.frames, other.pixels) == (("a", "b", "c"), 3 * 40 * 64)


@pytest.mark.slow
def test_a_run_with_the_temperature_has_the_scores(tmp_path: Path, frames: dict[str, Any]) -> None:
    choice = network(tmp_path, 5)
    found = robustbench_seg.calibrate(choice, **frames)
    run = robustbench_seg.evaluate(
        choice,
        **frames,
        runtime="torch",
        corruptions=["fog"],
        severities=[1],
        measure=["calibration"],
        temperature=found.temperature,
        out=tmp_path / "run",
    )
    tidy = run.table("tidy")
    clean = tidy[tidy["condition"] == "clean"].set_index("metric")["value"]
    expected = found.table.loc[found.temperature]
    for name in ("ece", "nll", "mean_confidence"):
        assert clean[name] == pytest.approx(expected[name], abs=1e-3), name


def test_the_command_prints_the_temperature(
    tmp_path: Path, frames: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"images": "--images", "labels": "--labels", "classes": "--classes"}
    paths = [text for name, flag in names.items() for text in (flag, str(frames[name]))]
    app(["calibrate", "--model", network(tmp_path, 5), *paths], standalone_mode=False)
    printed = capsys.readouterr().out
    found = robustbench_seg.calibrate(network(tmp_path, 5), **frames)
    assert f"--temperature {found.temperature:g}" in printed
    assert "7,680 pixels of 3 clean frames" in printed


def test_a_model_that_gives_labels_alone_is_refused(tmp_path: Path, frames: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="gives labels alone, without logits"):
        robustbench_seg.calibrate(network(tmp_path, function="labels"), **frames)


@pytest.mark.parametrize(("change", "words"), [(0, "right on all"), (1, "no surer where it is")])
def test_a_model_that_is_always_right_or_wrong_has_no_temperature(
    tmp_path: Path, frames: dict[str, Any], change: int, words: str
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    for path in sorted(frames["images"].iterdir()):
        bright = np.asarray(Image.open(path))[..., 0] > 114  # where the logits are equal
        Image.fromarray((bright ^ change).astype(np.uint8)).save(labels / path.name)
    with pytest.raises(InputError, match=f"--model .*: no temperature fits, because it is {words}"):
        robustbench_seg.calibrate(network(tmp_path, 100), **{**frames, "labels": labels})


def test_frames_without_ground_truth_are_refused(tmp_path: Path, frames: dict[str, Any]) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    for path in frames["images"].iterdir():
        Image.fromarray(np.full((48, 64), 255, np.uint8)).save(labels / path.name)
    with pytest.raises(InputError, match="no pixel has ground truth"):
        robustbench_seg.calibrate(network(tmp_path), **{**frames, "labels": labels})
