"""Preprocessing and windows, against independent restatements."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.predict import Predictor, resolve_device
from robustbench_seg.models.base import IMAGENET, Preprocessing, Segmenter, Window

CLASSES = ("a", "b", "c")


class Network(nn.Module):
    """A convolution with a stride, whose answer depends on where a window begins."""

    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layer = nn.Conv2d(3, outputs, 7, stride=4, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs, ceil(H / 4), ceil(W / 4))."""
        logits: Tensor = self.layer(x)
        return logits


def segmenter(
    network: nn.Module, preprocessing: Preprocessing = IMAGENET, window: Window | None = None
) -> Segmenter:
    return Segmenter("network", network, preprocessing, window or Window(), CLASSES, "nothing")


def predict(given: Segmenter, images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return Predictor(given, "cpu", "float32", given.window).labels(images, size)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 70, 111, 3), np.uint8)


def whole_logits(network: nn.Module, images: np.ndarray) -> Tensor:
    mean = torch.tensor([123.675, 116.28, 103.53])
    std = torch.tensor([58.395, 57.12, 57.375])
    x = ((torch.from_numpy(images).float() - mean) / std).permute(0, 3, 1, 2)
    with torch.inference_mode():
        logits: Tensor = network(x)
    return logits


def test_whole_image_labels(images: np.ndarray) -> None:
    network = Network()
    logits = F.interpolate(whole_logits(network, images), (35, 50), mode="bilinear")
    labels = predict(segmenter(network, window=Window("whole")), images, (35, 50))
    np.testing.assert_array_equal(labels, logits.argmax(1).numpy())


def test_outputs_beyond_the_classes_are_left_out(images: np.ndarray) -> None:
    network = Network(5)
    with torch.no_grad():
        network.layer.bias[4] = 1e6  # type: ignore[index]
    assert predict(segmenter(network), images, (70, 111)).max() < 3


def test_resized_bgr_input(images: np.ndarray) -> None:
    # ESPNet's convention: resize, then (BGR - mean) / std / 255.
    network = Network()
    with torch.no_grad():
        network.layer.weight *= 255  # or the small input would leave the answer to the bias
    preprocessing = Preprocessing(
        mean=(72.392, 82.909, 73.158),
        std=(45.319 * 255, 46.153 * 255, 44.915 * 255),
        channels="BGR",
        size=(40, 60),
    )
    x = torch.from_numpy(images[..., ::-1].copy()).permute(0, 3, 1, 2).float()
    x = F.interpolate(x, (40, 60), mode="bilinear")
    x = x - torch.tensor([72.392, 82.909, 73.158]).view(3, 1, 1)
    x = x / torch.tensor([45.319, 46.153, 44.915]).view(3, 1, 1) / 255
    with torch.inference_mode():
        expected = F.interpolate(network(x), (70, 111), mode="bilinear").argmax(1).numpy()
    labels = predict(segmenter(network, preprocessing), images, (70, 111))
    assert (labels == expected).mean() > 0.9999


@pytest.mark.parametrize(("crop", "stride"), [(64, 48), (32, 32), (40, 25)])
def test_sliding_window_is_that_of_mmsegmentation(
    images: np.ndarray, crop: int, stride: int
) -> None:
    network = Network()
    _, height, width, _ = images.shape
    # mmsegmentation's slide_inference, restated with its own arithmetic.
    rows = max(height - crop + stride - 1, 0) // stride + 1
    columns = max(width - crop + stride - 1, 0) // stride + 1
    total, count = torch.zeros(2, 3, height, width), torch.zeros(2, 1, height, width)
    for row in range(rows):
        for column in range(columns):
            bottom, right = min(row * stride + crop, height), min(column * stride + crop, width)
            top, left = max(bottom - crop, 0), max(right - crop, 0)
            window = whole_logits(network, images[:, top:bottom, left:right])
            window = F.interpolate(window, (bottom - top, right - left), mode="bilinear")
            total += F.pad(window, (left, width - right, top, height - bottom))
            count[:, :, top:bottom, left:right] += 1
    assert count.min() > 0
    expected = (total / count).argmax(1).numpy()
    labels = predict(segmenter(network, window=Window("slide", crop, stride)), images, (70, 111))
    assert (labels == expected).mean() > 0.9999
    assert (labels != predict(segmenter(network), images, (70, 111))).any()


def test_a_frame_within_the_crop_is_taken_whole(images: np.ndarray) -> None:
    network = Network()
    np.testing.assert_array_equal(
        predict(segmenter(network, window=Window("slide", 111, 50)), images, (70, 111)),
        predict(segmenter(network, window=Window("whole")), images, (70, 111)),
    )


def test_nan_logits_are_refused(images: np.ndarray) -> None:
    network = Network()
    with torch.no_grad():
        network.layer.bias[0] = float("nan")  # type: ignore[index]
    with pytest.raises(InputError, match="NaN"):
        predict(segmenter(network), images, (70, 111))


def test_unusable_devices_are_refused() -> None:
    assert resolve_device("cpu") == "cpu"
    for device in ("cuda:99", "abacus"):
        with pytest.raises(InputError, match=f"--device {device}"):
            resolve_device(device)
