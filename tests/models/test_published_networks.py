"""Published weights on real frames: the clean score is that of another implementation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

import robustbench_seg
from tests.helpers.efficientvit import Restated
from tests.helpers.espnetv2 import espnetv2

Network = Callable[[Tensor], Tensor]


def efficientvit(path: Path) -> Network:
    return Restated(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])


def score(network: Network, frames: Path, size: tuple[int, int]) -> float:
    """Return the mean IoU over classes with ground truth of images resized to (height, width)."""
    confusion = np.zeros((19, 19), np.int64)
    mean, std = (
        torch.tensor(each).view(3, 1, 1) for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    for path in sorted(frames.glob("leftImg8bit/val/*/*.png")):
        x = torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)  # (3, H, W)
        x = F.interpolate((x / 255)[None], size, mode="bilinear")
        logits = network((x - mean) / std)[:, :19]  # (1, 19, h, w)
        labels = F.interpolate(logits, (1024, 2048), mode="bilinear")[0].argmax(0).numpy()
        name = path.name.replace("leftImg8bit", "gtFine_labelTrainIds")
        truth = np.array(Image.open(frames / "gtFine/val" / path.parent.name / name))
        np.add.at(confusion, (truth[truth < 19], labels[truth < 19]), 1)
    scored = confusion.sum(1) > 0
    union = confusion.sum(0) + confusion.sum(1) - confusion.diagonal()
    return float((confusion.diagonal()[scored] / union[scored]).mean())


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.openvino
@torch.inference_mode()
@pytest.mark.parametrize(
    ("model", "weights", "load", "size", "expected"),
    [
        ("espnetv2", "espnetv2/espnetv2_s_2.0_city_1024x512.pth", espnetv2, (512, 1024), 0.5255),
        ("espnetv2", "espnetv2/espnetv2_s_2.0_city_512x256.pth", espnetv2, (256, 512), 0.4255),
        ("efficientvit-b0", "efficientvit/efficientvit_b0.pt", efficientvit, (1024, 2048), 0.6101),
    ],
)
def test_published_weights_on_real_frames(
    shared_data: Path,
    tmp_path: Path,
    model: str,
    weights: str,
    load: Callable[[Path], Network],
    size: tuple[int, int],
    expected: float,
) -> None:
    path, frames = shared_data / "weights" / weights, shared_data / "data/cityscapes_mini"
    network = load(path)
    if isinstance(network, torch.nn.Module):
        network.eval()
    run = robustbench_seg.evaluate(
        model,
        weights=path,
        data=str(frames),
        corruptions=["brightness"],
        severities=[1],
        out=tmp_path / "run",
    )
    clean = run.table("summary").iloc[0]["clean"]
    theirs = score(network, frames, size)
    assert clean == pytest.approx(theirs, abs=1e-3)
    assert clean == pytest.approx(expected, abs=1e-3)
