"""Preprocessing, sliding windows and checks of outputs, against independent restatements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import IMAGENET, LabelFunction, Preprocessing, Segmenter, Window
from tests.helpers.foreign_models import Convolution

CLASSES = ("a", "b", "c")


def segmenter(
    network: nn.Module | LabelFunction,
    preprocessing: Preprocessing = IMAGENET,
    window: Window | None = None,
    spare_outputs: int = 0,
) -> Segmenter:
    return Segmenter(
        "network",
        network,
        preprocessing,
        window or Window(),
        CLASSES,
        "nothing",
        spare_outputs=spare_outputs,
    )


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
    network = Convolution(3)
    logits = F.interpolate(whole_logits(network, images), (35, 50), mode="bilinear")
    labels = predict(segmenter(network, window=Window("whole")), images, (35, 50))
    np.testing.assert_array_equal(labels, logits.argmax(1).numpy())


def test_spare_outputs_are_dropped(images: np.ndarray) -> None:
    network = Convolution(5)
    with torch.no_grad():
        network.layer.bias[4] = 1e6  # type: ignore[index]
    assert predict(segmenter(network, spare_outputs=2), images, (70, 111)).max() < 3


def test_resized_bgr_input(images: np.ndarray) -> None:
    # ESPNet's convention: resize, then (BGR - mean) / std / 255.
    network = Convolution(3)
    with torch.no_grad():
        network.layer.weight *= 255  # or the bias would decide, as the input is small
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
    network = Convolution(3)
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


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(70, 111), (35, 160)])
def test_logits_averaged_at_the_input(
    images: np.ndarray, align_corners: bool, size: tuple[int, int]
) -> None:
    network = Convolution(3)
    _, height, width, _ = images.shape
    total, count = torch.zeros(2, 3, height, width), torch.zeros(2, 1, height, width)
    for top in (0, 25, 38):  # windows of 32x64 at strides of 25 and 40
        for left in (0, 40, 47):
            rows, columns = slice(top, top + 32), slice(left, left + 64)
            logits = whole_logits(network, images[:, rows, columns])
            total[..., rows, columns] += F.interpolate(
                logits, (32, 64), mode="bilinear", align_corners=align_corners
            )
            count[..., rows, columns] += 1
    expected = F.interpolate(total / count, size, mode="bilinear", align_corners=align_corners)
    window = Window("slide", (32, 64), (25, 40))
    given = replace(segmenter(network, window=window), align_corners=align_corners)
    predictor = Predictor(given, "cpu", "float32", window)
    assert (predictor.labels(images, size) == expected.argmax(1).numpy()).mean() > 0.9999
    one = predictor.logits_at(images[1], size, np.arange(size[0]), np.arange(size[1]))
    np.testing.assert_allclose(one, expected[1], rtol=0, atol=1e-5)


def test_a_frame_within_the_crop_is_taken_whole(images: np.ndarray) -> None:
    network = Convolution(3)
    np.testing.assert_array_equal(
        predict(segmenter(network, window=Window("slide", 111, 50)), images, (70, 111)),
        predict(segmenter(network, window=Window("whole")), images, (70, 111)),
    )


def test_nan_logits_are_refused(images: np.ndarray) -> None:
    network = Convolution(3)
    with torch.no_grad():
        network.layer.bias[0] = float("nan")  # type: ignore[index]
    with pytest.raises(InputError, match="NaN"):
        predict(segmenter(network), images, (70, 111))


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_batches_of_windows_give_the_same_labels(images: np.ndarray, batch: int) -> None:
    given = segmenter(Convolution(3), window=Window("slide", 40, 25))
    one = Predictor(given, "cpu", "float32", given.window)
    many = Predictor(given, "cpu", "float32", given.window, batch=batch)
    sizes = []
    given.network.register_forward_hook(lambda _module, given, _out: sizes.append(len(given[0])))  # type: ignore[union-attr]
    expected = one.labels(images, (70, 111))
    sizes.clear()
    assert (many.labels(images, (70, 111)) == expected).mean() > 1 - 1e-5
    assert sum(sizes) == 24  # two images of 3 x 4 windows
    assert max(sizes) == min(batch, 24)


class Answer(nn.Module):
    """A network that returns a fixed answer."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, _x: Tensor) -> Any:
        """Return the answer, or fail with it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.zeros(1, 4, 8, 8), r"\(1, 4, 8, 8\); expected logits \(1, 3, h, w\)"),
        (torch.zeros(1, 2, 8, 8), r"\(1, 2, 8, 8\); expected logits \(1, 3, h, w\)"),
        (torch.zeros(2, 3, 8, 8), r"\(2, 3, 8, 8\); expected logits \(1, 3, h, w\)"),
        (torch.zeros(1, 8, 8), r"gives \(1, 8, 8\); expected logits"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.int64), "expected logits"),
        ({"out": torch.zeros(1, 3, 8, 8)}, "gives dict; expected logits"),
        (
            ValueError("a side of 111\nis odd"),
            r"fails on an input of 111x70 \(ValueError: a side of",
        ),
    ],
)
def test_outputs_that_are_no_logits_are_refused(
    images: np.ndarray, answer: Any, message: str
) -> None:
    with pytest.raises(InputError, match=f"^--model network: .*{message}") as error:
        predict(segmenter(Answer(answer)), images[:1], (70, 111))
    assert "\n" not in str(error.value)


def test_a_function_labels_images_itself(images: np.ndarray) -> None:
    labels = predict(segmenter(lambda image: image[..., 0].astype(int) % 3), images, (70, 111))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, images[..., 0] % 3)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros((70, 110), int), r"int64 \(70, 110\)"),
        (np.zeros((70, 111)), r"float64 \(70, 111\)"),
        (np.full((70, 111), 3), "labels from 3 to 3; its classes are 0 to 2"),
        (np.full((70, 111), -1), "labels from -1 to -1"),
        (None, "gives object"),
    ],
)
def test_outputs_that_are_no_labels_are_refused(
    images: np.ndarray, answer: Any, message: str
) -> None:
    with pytest.raises(InputError, match=f"^--model network: .*{message}"):
        predict(segmenter(lambda _image: answer), images[:1], (70, 111))
