"""Predictions on a CUDA device against those on the CPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from robustbench_seg.datasets.streets import streets
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.inference.devices import device_name, gpu_count, resolve_device
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.upsample_argmax import label_map, sample_axis
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import Precision, Segmenter, Window
from robustbench_seg.models.registry import load_model

pytestmark = pytest.mark.gpu

DEVICE = "cuda"
SIZE = (256, 512)
WINDOWS = {"whole": Window("whole"), "slide": Window("slide", 256, 128)}


def trained(model: str) -> Segmenter:
    return load_model(model, data="streets", classes=[info.name for info in CITYSCAPES])


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """Three frames (3, H, W, 3) that the weights were not trained on."""
    frames = streets("val", limit=3, width=SIZE[1], height=SIZE[0]).frames
    return np.stack([frame.image() for frame in frames])


def labels(
    model: str,
    images: NDArray[np.uint8],
    device: str,
    *,
    window: str = "slide",
    precision: Precision = "float32",
    batch: int = 1,
) -> LabelMap:
    # Loaded anew each time: a predictor moves the network to its device.
    predictor = Predictor(trained(model), device, precision, WINDOWS[window], batch=batch)
    return predictor.labels(images, SIZE)


@pytest.mark.parametrize("model", ["b0", "deeplabv3plus-mobilenetv2"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("batch", [1, 8])
def test_labels_are_those_of_the_cpu(
    model: str, window: str, batch: int, images: NDArray[np.uint8]
) -> None:
    expected = labels(model, images, "cpu", window=window)
    found = labels(model, images, DEVICE, window=window, batch=batch)
    assert len(np.unique(expected)) > 8
    # Convolutions use TF32 by default, with 10 bits of mantissa: labels move at borders of areas.
    assert (found == expected).mean() > 0.995


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_autocast_moves_few_labels(precision: Precision, images: NDArray[np.uint8]) -> None:
    expected = labels("b0", images, DEVICE)
    found = labels("b0", images, DEVICE, precision=precision)
    # Some labels must move: else the precision would not have been used.
    assert 0.995 <= (found == expected).mean() < 1


def test_upsampling_is_that_of_the_cpu() -> None:
    logits = torch.randn(4, 19, 20, 30, generator=torch.Generator().manual_seed(0))
    rows = sample_axis([0, 40], 80, 120, 20, 120)
    columns = sample_axis([0, 60], 120, 180, 30, 180)
    found = label_map(logits.to(DEVICE), rows, columns)
    assert found.dtype == np.uint8
    assert (found == label_map(logits, rows, columns)).mean() > 0.9999


def test_nan_logits_cost_the_images_that_have_them(images: NDArray[np.uint8]) -> None:
    segmenter = trained("b0")
    preprocessing = replace(segmenter.preprocessing, mean=(float("nan"), 0.0, 0.0))
    predictor = Predictor(
        replace(segmenter, preprocessing=preprocessing), DEVICE, "float32", WINDOWS["whole"]
    )
    assert predictor.predict(images, np.zeros(SIZE, np.uint8)) == [None] * 3


def test_too_little_memory_is_one_line(images: NDArray[np.uint8]) -> None:
    predictor = Predictor(trained("b0"), DEVICE, "float32", WINDOWS["whole"])
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-3)
    try:
        with pytest.raises(InputError, match=r"^--model b0.*too little memory for 1 inputs of"):
            predictor.labels(images.repeat(4, axis=1).repeat(4, axis=2), SIZE)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_the_first_gpu_is_the_default() -> None:
    assert resolve_device(None) == "cuda"
    assert gpu_count() >= 1
    assert device_name("cuda:0") == torch.cuda.get_device_name(0)
    with pytest.raises(InputError, match="--device cuda:99: not usable here"):
        resolve_device("cuda:99")
