"""Fused upsampling and argmax against torch's interpolate and argmax."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from robustbench_seg.inference.upsample_argmax import (
    AxisSampling,
    label_map,
    label_map_by_interpolation,
    sample_axis,
)
from robustbench_seg.inference.windows import window_starts


@pytest.fixture(params=[1, 2, 3], autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def smooth(classes: int, height: int, width: int) -> Tensor:
    """Return logits (1, classes, height, width) with areas of one class, as networks have."""
    return F.interpolate(drawn(1, classes, 4, 6), (height, width), mode="bicubic")


def whole(logits: Tensor, size: tuple[int, int]) -> tuple[AxisSampling, AxisSampling]:
    """Return the sampling of one window (1, K, h, w) over the whole image."""
    rows = sample_axis([0], size[0], size[0], logits.shape[2], size[0])
    return rows, sample_axis([0], size[1], size[1], logits.shape[3], size[1])


def assert_largest(labels: np.ndarray, logits: Tensor) -> None:
    """Assert that each label has the largest logit up to rounding, nearly all the same label."""
    chosen = logits[0].gather(0, torch.from_numpy(labels).long()[None])[0]  # (H, W)
    assert (logits[0].amax(0) - chosen).max() <= 2e-6 * logits.abs().max()
    assert np.count_nonzero(labels != logits.argmax(1)[0].numpy()) <= 1 + 1e-5 * labels.size


@pytest.mark.slow
@pytest.mark.parametrize("classes", [1, 2, 3, 8, 19, 150, 255, 256, 847])
@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (32, 48, (128, 192)),
        (17, 25, (65, 97)),
        (1, 1, (5, 7)),
        (20, 30, (20, 30)),
        (40, 60, (33, 47)),  # smaller than the logits
        (13, 90, (400, 91)),
    ],
)
@pytest.mark.parametrize("kind", [smooth, lambda *shape: drawn(1, *shape)], ids=["smooth", "noise"])
def test_labels_are_those_of_torch(kind, classes: int, height: int, width: int, size) -> None:  # type: ignore[no-untyped-def]
    logits = kind(classes, height, width)
    expected = F.interpolate(logits, size, mode="bilinear")
    found = label_map(logits, *whole(logits, size))
    assert found.dtype == (np.uint8 if classes < 256 else np.uint16)
    assert_largest(found, expected)
    assert_largest(label_map_by_interpolation(logits[None], *whole(logits, size)), expected)


@pytest.mark.parametrize("classes", [255, 256, 847])
def test_more_classes_than_fit_into_8_bits(classes: int) -> None:
    logits = smooth(classes, 12, 18)
    logits[:, -1] += 2  # the last class wins often: 255 of 256 is no mark
    expected = F.interpolate(logits, (48, 72), mode="bilinear")
    found = label_map(logits, *whole(logits, (48, 72)))
    assert found.max() == classes - 1
    assert_largest(found, expected)
    assert_largest(label_map_by_interpolation(logits[None], *whole(logits, (48, 72))), expected)


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(precision: torch.dtype) -> None:
    logits = smooth(19, 32, 48).to(precision)
    expected = F.interpolate(logits.float(), (128, 192), mode="bilinear")
    assert_largest(label_map(logits, *whole(logits, (128, 192))), expected)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_memory_formats(memory: torch.memory_format) -> None:
    logits = smooth(19, 32, 48).contiguous(memory_format=memory)
    expected = F.interpolate(logits, (128, 192), mode="bilinear")
    assert_largest(label_map(logits, *whole(logits, (128, 192))), expected)


@pytest.mark.slow
@settings(max_examples=30)
@given(
    height=st.integers(20, 90),
    width=st.integers(20, 90),
    crop=st.integers(16, 64),
    share=st.floats(0.3, 1),
    quarter=st.sampled_from([1, 2, 4]),
)
def test_overlapping_windows_are_averaged(
    height: int, width: int, crop: int, share: float, quarter: int
) -> None:
    stride = max(1, int(crop * share))
    tops, lefts = window_starts(height, crop, stride), window_starts(width, crop, stride)
    shape = min(crop, height), min(crop, width)
    cells = [-(-side // quarter) for side in shape]
    # Every window shows its part of one picture, with noise.
    picture = F.interpolate(drawn(1, 5, 4, 4), (height, width), mode="bicubic")
    total, count = torch.zeros(1, 5, height, width), torch.zeros(1, 1, height, width)
    windows = []
    for number, (top, left) in enumerate((top, left) for top in tops for left in lefts):
        area = (..., slice(top, top + crop), slice(left, left + crop))
        logits = F.interpolate(picture[area], cells, mode="area")
        logits = logits + 0.1 * drawn(1, 5, *cells, seed=number)
        windows.append(logits)
        total[area] += F.interpolate(logits, shape, mode="bilinear")
        count[area] += 1
    expected = total / count
    rows = sample_axis(tops, shape[0], height, cells[0], height)
    columns = sample_axis(lefts, shape[1], width, cells[1], width)
    stacked = torch.cat(windows)
    assert_largest(label_map(stacked, rows, columns), expected)
    grid = stacked.unflatten(0, (len(tops), len(lefts)))
    assert_largest(label_map_by_interpolation(grid, rows, columns), expected)


def test_windows_may_be_smaller_than_the_labels() -> None:
    """A frame is predicted at half its size in windows, and labelled at full size."""
    height, width, crop, stride = 40, 60, 32, 20
    tops, lefts = window_starts(height, crop, stride), window_starts(width, crop, stride)
    picture = smooth(4, height, width)
    windows = torch.cat(
        [picture[..., top : top + crop, left : left + crop] for top in tops for left in lefts]
    )
    rows = sample_axis(tops, crop, height, crop, 2 * height)
    columns = sample_axis(lefts, crop, width, crop, 2 * width)
    expected = F.interpolate(picture, (80, 120), mode="bilinear").argmax(1)[0].numpy()
    # At the edge of a window its own logits repeat, not those of its neighbour: one pixel differs.
    assert (label_map(windows, rows, columns) != expected).mean() < 0.01
