"""Half precision on a CPU: the network computes in it, and nearly all labels stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_seg.datasets.streets import streets
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import IMAGENET, Precision, Segmenter, Window
from robustbench_seg.models.registry import load_model

SIZE = (256, 512)
DTYPES: dict[Precision, torch.dtype] = {
    "float32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


class Recorder(nn.Module):
    """A convolution that records the dtype of its output."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 1)
        self.computed: torch.dtype | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2, H, W)."""
        logits: Tensor = self.layer(x)
        self.computed = logits.dtype
        return logits


@pytest.mark.parametrize("precision", DTYPES)
def test_a_network_computes_in_the_precision(precision: Precision) -> None:
    network = Recorder()
    segmenter = Segmenter("recorder", network, IMAGENET, Window(), ("a", "b"), "nothing")
    images = np.zeros((1, 32, 64, 3), np.uint8)
    Predictor(segmenter, "cpu", precision, segmenter.window).labels(images, (32, 64))
    assert network.computed == DTYPES[precision]


@pytest.fixture(scope="module")
def trained() -> Segmenter:
    return load_model("b0@streets", data="streets", classes=[info.name for info in CITYSCAPES])


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """Two frames (2, H, W, 3) that the weights were not trained on."""
    frames = streets("val", limit=2, width=SIZE[1], height=SIZE[0]).frames
    return np.stack([frame.image() for frame in frames])


@pytest.fixture(scope="module")
def expected(trained: Segmenter, images: NDArray[np.uint8]) -> LabelMap:
    return Predictor(trained, "cpu", "float32", trained.window).labels(images, SIZE)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_labels_are_nearly_those_of_float32(
    precision: Precision,
    trained: Segmenter,
    images: NDArray[np.uint8],
    expected: NDArray[np.uint8],
) -> None:
    labels = Predictor(trained, "cpu", precision, trained.window).labels(images, SIZE)
    assert len(np.unique(expected)) > 8
    # Some must move, or the precision would not have been used.
    assert 0.995 <= (labels == expected).mean() < 1
