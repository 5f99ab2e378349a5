"""Costs of models at an image size against counts, predictions and a fake clock."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from robustbench_seg.inference.costs import costs
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.windows import window_grid
from robustbench_seg.models.base import IMAGENET, Segmenter, Window
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.counting import multiply_adds, parameters, published_multiply_adds
from tests.helpers.samples import networks


class Recorder(nn.Module):
    """A convolution that records the sizes of its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 3, padding=1)
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2, H, W)."""
        self.sizes += [tuple(x.shape[2:])] * len(x)
        logits: Tensor = self.layer(x)
        return logits


@pytest.mark.parametrize(
    ("window", "size"),
    [
        (Window("slide", 64, 48), (70, 111)),
        (Window("slide", 64, 48), (64, 160)),
        (Window("slide", 64, 48), (40, 161)),
        (Window("slide", 64, 64), (128, 129)),
        (Window("slide", 64, 48), (64, 64)),
        (Window("whole", 64, 48), (70, 111)),
    ],
)
def test_windows_are_those_of_predictions(window: Window, size: tuple[int, int]) -> None:
    network = Recorder()
    segmenter = Segmenter("recorder", network, IMAGENET, window, ("a", "b"), "nothing")
    images = np.zeros((1, *size, 3), np.uint8)
    Predictor(segmenter, "cpu", "float32", window).labels(images, size)
    grid = window_grid(window, size)
    assert network.sizes == [(grid.height, grid.width)] * grid.number


@pytest.mark.slow
def test_a_row_is_the_cost_of_a_model() -> None:
    table = costs(["b0", "espnet"], (1024, 2048)).set_index("model")
    with torch.device("meta"):
        b0, espnet = MODELS["b0"].build(19), MODELS["espnet"].build(20)
    assert list(table["parameters"]) == [parameters(b0), parameters(espnet)]
    whole = (1024, 2048)
    assert table["gflops"]["b0"] == published_multiply_adds(b0, whole) / 1e9
    assert table["gflops_executed"]["b0"] == 3 * multiply_adds(b0, (1024, 1024)) / 1e9
    assert list(table.loc["b0", ["windows", "window_width", "window_height"]]) == [3, 1024, 1024]
    # ESPNet sees every image at 1024x512.
    assert table["gflops_executed"]["espnet"] == multiply_adds(espnet, (512, 1024)) / 1e9
    assert list(table.loc["espnet", ["windows", "window_width", "window_height"]]) == [1, 1024, 512]
    assert table["images_per_second"].isna().all()


@pytest.mark.slow
def test_more_classes_cost_more() -> None:
    few, many = (costs(["b0"], (64, 128), classes=classes) for classes in (2, 150))
    assert many["parameters"][0] - few["parameters"][0] == 148 * (256 + 1)
    assert many["gflops"][0] - few["gflops"][0] == pytest.approx(148 * 257 * 16 * 32 / 1e9)


def test_unknown_numbers_are_missing(tmp_path: Path) -> None:
    others = networks(tmp_path)
    choices = [f"{others}:network", f"{others}:function"]
    table = costs(choices, (32, 64), classes=5)
    assert table["parameters"][0] == 5 * 3 + 5
    assert pd.isna(table["parameters"][1])
    assert table[["gflops", "gflops_executed"]].isna().all(axis=None)


@pytest.mark.slow
def test_the_median_of_the_passes_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0, 100, 200, 201, 300, 304, 400, 402, 500, 509, 600, 603])  # 100, then 1 4 2 9 3 s
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(now)))
    shown: list[tuple[str, int, int]] = []
    table = costs(
        ["b0"],
        (64, 128),
        device="cpu",
        progress=lambda stage, done, total, _: shown.append((stage, done, total)),
    )
    assert table["images_per_second"][0] == 1 / 3
    passes = [("passes of b0@random", done, 6) for done in range(1, 7)]
    assert shown == [*passes, ("models", 1, 1)]
