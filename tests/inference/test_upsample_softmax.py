"""Probabilities of upsampled logits against torch's interpolation and SciPy's softmax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.special import log_softmax
from torch import Tensor

from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.upsample_argmax import AxisSampling, label_map, sample_axis
from robustbench_seg.inference.upsample_softmax import (
    probability_maps,
    probability_maps_by_interpolation,
)
from robustbench_seg.inference.windows import window_starts
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import IMAGENET, Segmenter, Window
from robustbench_seg.protocol.input_geometry import Size
from robustbench_seg.scores.counters import Probabilities

Maps = Callable[[Tensor, AxisSampling, AxisSampling, LabelMap, float], Probabilities]


def by_interpolation(
    logits: Tensor, rows: AxisSampling, columns: AxisSampling, truth: LabelMap, temperature: float
) -> Probabilities:
    grid = logits.unflatten(0, (len(rows.low), len(columns.low)))
    return probability_maps_by_interpolation(grid, rows, columns, truth, temperature)


both_ways = pytest.mark.parametrize("maps", [probability_maps, by_interpolation])


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


def drawn(*shape: int, scale: float = 4, seed: int = 0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def true_labels(classes: int, size: Size) -> LabelMap:
    """Return classes, some pixels ignored."""
    kind = np.uint8 if classes < 256 else np.uint16
    truth: LabelMap = np.random.default_rng(1).integers(0, classes, size).astype(kind)
    truth[: size[0] // 4] = np.iinfo(kind).max
    return truth


def whole(logits: Tensor, size: Size) -> tuple[AxisSampling, AxisSampling]:
    """Return the sampling of one window (1, K, h, w) over the whole image."""
    rows = sample_axis([0], size[0], size[0], logits.shape[2], size[0])
    return rows, sample_axis([0], size[1], size[1], logits.shape[3], size[1])


def assert_softmax(found: Probabilities, logits: Tensor, truth: LabelMap) -> None:
    """Assert that the maps are those of upsampled logits (K, H, W), within float32's rounding.

    A logit of 1e4 is off by up to 1e-3 after interpolation in float32, and so is its logarithm.
    """
    logarithms: NDArray[np.float64] = log_softmax(logits.double().numpy(), axis=0)
    exponentials = np.exp(logarithms)
    spacing = 1e-6 * max(1, float(logits.abs().max()))
    assert np.abs(found.top - exponentials.max(0)).max() < spacing
    valid = truth < len(logits)
    places = np.where(valid, truth, 0).astype(np.int64)[np.newaxis]
    expected = np.where(valid, np.take_along_axis(logarithms, places, 0)[0], 0)
    np.testing.assert_allclose(found.log_truth, expected, rtol=1e-6, atol=2 * spacing)
    one_hot = np.arange(len(logits))[:, np.newaxis, np.newaxis] == truth  # (K, H, W)
    brier = np.where(valid, ((exponentials - one_hot) ** 2).sum(0), 0)
    assert np.abs(found.brier - brier).max() < 4 * spacing
    assert not found.log_truth[~valid].any()
    assert all(part.dtype == np.float32 and part.shape == truth.shape for part in found)


@both_ways
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("classes", [1, 2, 19, 255, 256, 847])
def test_probabilities_are_those_of_scipy(maps: Maps, classes: int, temperature: float) -> None:
    logits = F.interpolate(drawn(1, classes, 4, 6), (12, 18), mode="bicubic")
    truth = true_labels(classes, (33, 47))
    found = maps(logits, *whole(logits, (33, 47)), truth, temperature)
    upsampled = F.interpolate(logits, (33, 47), mode="bilinear")[0] / temperature
    assert_softmax(found, upsampled, truth)


@both_ways
@pytest.mark.parametrize("height", [40, 53])
def test_windows_are_averaged(maps: Maps, height: int) -> None:
    """Logits are summed for labels; a softmax needs their mean."""
    crop, stride = 32, 20
    tops, lefts = window_starts(height, crop, stride), window_starts(60, crop, stride)
    total, count = torch.zeros(5, height, 60), torch.zeros(height, 60)
    windows = []
    for number, (top, left) in enumerate((top, left) for top in tops for left in lefts):
        area = (..., slice(top, top + crop), slice(left, left + crop))
        logits = drawn(1, 5, 8, 8, seed=number)
        windows.append(logits)
        total[area] += F.interpolate(logits, (crop, crop), mode="bilinear")[0]
        count[area] += 1
    rows = sample_axis(tops, crop, height, 8, height)
    columns = sample_axis(lefts, crop, 60, 8, 60)
    truth = true_labels(5, (height, 60))
    assert count.max() > 2
    assert_softmax(maps(torch.cat(windows), rows, columns, truth, 1.0), total / count, truth)


@both_ways
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(maps: Maps, kind: torch.dtype) -> None:
    logits = drawn(1, 19, 8, 12).to(kind)
    truth = true_labels(19, (32, 48))
    expected = F.interpolate(logits.float(), (32, 48), mode="bilinear")[0]
    assert_softmax(maps(logits, *whole(logits, (32, 48)), truth, 1.0), expected, truth)


@both_ways
@pytest.mark.parametrize("largest", [0.0, 60.0, 1e4, 1e30])
@pytest.mark.parametrize("temperature", [0.01, 1.0, 100.0])
def test_extreme_logits(maps: Maps, largest: float, temperature: float) -> None:
    logits = torch.tensor([0.0, largest, -largest])[None, :, None, None].expand(1, 3, 2, 2)
    truth = np.array([[0, 1, 2, 255]] * 4, np.uint8)
    found = maps(logits, *whole(logits, (4, 4)), truth, temperature)
    logarithms = log_softmax(np.array([0, largest, -largest]) / temperature)
    np.testing.assert_allclose(found.top, np.exp(logarithms[1]), rtol=1e-6)
    expected = [*logarithms, 0]
    np.testing.assert_allclose(found.log_truth, np.tile(expected, (4, 1)), rtol=1e-5, atol=1e-6)
    brier = [*((np.exp(logarithms) - np.eye(3)) ** 2).sum(axis=1), 0]
    np.testing.assert_allclose(found.brier, np.tile(brier, (4, 1)), atol=1e-6)


@both_ways
def test_a_probability_too_small_for_any_number_has_a_logarithm(maps: Maps) -> None:
    logits = torch.tensor([-1e30, 1e30])[None, :, None, None]
    truth = np.zeros((2, 2), np.uint8)
    found = maps(logits, *whole(logits, (2, 2)), truth, 1e-9)
    assert (found.brier == 2).all()
    assert (found.log_truth == np.finfo(np.float32).min).all()


@pytest.mark.parametrize("number", [1, 3, 64])
def test_threads_change_no_bit(number: int) -> None:
    logits, truth = drawn(1, 19, 9, 17), true_labels(19, (35, 66))
    with threads(2):
        expected = probability_maps(logits, *whole(logits, (35, 66)), truth, 1.3)
    with threads(number):
        found = probability_maps(logits, *whole(logits, (35, 66)), truth, 1.3)
    assert all(map(np.array_equal, found, expected))


def test_the_confidence_is_that_of_the_label() -> None:
    logits = F.interpolate(drawn(1, 19, 4, 6), (12, 18), mode="bicubic")
    rows, columns = whole(logits, (48, 72))
    labels = label_map(logits, rows, columns)
    found = probability_maps(logits, rows, columns, labels, 1.0)
    np.testing.assert_allclose(np.log(found.top), found.log_truth, atol=1e-5)


def predictor(logits: Tensor, temperature: float = 1.0) -> Predictor:
    """Return the predictor of a model that gives the same logits (K, h, w) for every image."""

    class Constant(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return logits.expand(len(x), *logits.shape)

    classes = tuple("abcdefgh"[: len(logits)])
    segmenter = Segmenter("constant", Constant(), IMAGENET, Window(), classes, "nothing")
    return Predictor(segmenter, "cpu", "float32", Window(), temperature=temperature)


IMAGES = np.zeros((2, 24, 40, 3), np.uint8)


def test_a_predictor_gives_probabilities_when_asked() -> None:
    logits, truth = drawn(5, 6, 10), true_labels(5, (24, 40))
    plain = predictor(logits, 1.7).predict(IMAGES, truth)
    asked = predictor(logits, 1.7).predict(IMAGES, truth, probabilities=True)
    upsampled = F.interpolate(logits[None], (24, 40), mode="bilinear")[0]
    for without, with_them in zip(plain, asked, strict=True):
        assert without is not None
        assert without.probabilities is None
        assert with_them is not None
        assert np.array_equal(without.labels, with_them.labels)
        assert with_them.probabilities is not None
        assert_softmax(with_them.probabilities, upsampled / 1.7, truth)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e31, -3e38])
def test_a_logit_that_is_not_finite_gives_no_prediction(value: float) -> None:
    logits = drawn(5, 6, 10)
    logits[2, 3, 4] = value
    truth = true_labels(5, (24, 40))
    assert predictor(logits).predict(IMAGES, truth, probabilities=True) == [None, None]


@pytest.mark.parametrize("window", [Window(), Window("slide", 16, 10)])
def test_logits_of_some_pixels_are_those_of_the_label_map(window: Window) -> None:
    given = replace(predictor(drawn(5, 6, 10)), window=window)
    truth = true_labels(5, (24, 40))
    (prediction,) = given.predict(IMAGES[:1], truth, probabilities=True)
    assert prediction is not None
    assert prediction.probabilities is not None
    rows, columns = np.array([0, 3, 11, 23]), np.array([1, 2, 39])
    logits = given.logits_at(IMAGES[0], (24, 40), rows, columns)
    top = np.exp(log_softmax(logits, axis=0)).max(axis=0)
    np.testing.assert_allclose(top, prediction.probabilities.top[np.ix_(rows, columns)], rtol=1e-5)
