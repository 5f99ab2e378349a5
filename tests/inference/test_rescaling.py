"""Rescaled images against torch and OpenCV, and input sizes by scale."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_seg.inference.rescaling import rescale
from robustbench_seg.protocol.input_geometry import RelativeWindow, Scale

side = st.integers(1, 70)


@given(side, side, side, side, st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_rescaling_is_bilinear_without_antialiasing(
    height: int, width: int, new_height: int, new_width: int, seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    before = image.copy()
    result = rescale(image, (new_height, new_width))
    assert np.array_equal(image, before)
    assert result.dtype == np.uint8
    x = torch.from_numpy(image).double().permute(2, 0, 1)[None]
    expected = F.interpolate(x, (new_height, new_width), mode="bilinear", antialias=False)[0]
    difference = result - expected.permute(1, 2, 0).numpy()
    # Half a grey level of rounding, and the error of weights of 11 bits.
    assert np.abs(difference).max(initial=0) <= 0.5 + 255 * 2 * 2.0**-12


@pytest.mark.parametrize("size", [(32, 48), (128, 192), (47, 71), (333, 20)])
def test_rescaling_is_that_of_opencv_to_one_grey_level(size: tuple[int, int]) -> None:
    cv2 = pytest.importorskip("cv2")
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    theirs = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
    assert np.abs(rescale(image, size).astype(int) - theirs).max() <= 1


def test_an_image_of_the_size_is_returned_unchanged() -> None:
    image = np.zeros((5, 7, 3), np.uint8)
    assert rescale(image, (5, 7)) is image


@pytest.mark.parametrize(
    ("scale", "frame", "expected"),
    [
        (Scale("scale", 0.5), (1024, 2048), (512, 1024)),
        (Scale("scale", 0.5), (33, 47), (17, 24)),  # halves go up, as in mmcv
        (Scale("scale", 1.25), (33, 47), (41, 59)),
        (Scale("scale", 0.25), (1, 9), (1, 2)),
        (Scale("short side", 512), (1024, 2048), (512, 1024)),
        (Scale("short side", 768), (2048, 1024), (1536, 768)),
        (Scale("short side", 640), (720, 960), (640, 853)),
    ],
)
def test_sizes_keep_the_aspect_ratio(
    scale: Scale, frame: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert scale.size(frame) == expected


def test_a_window_is_a_share_of_the_shorter_side() -> None:
    window = RelativeWindow("slide", "slide", 0.75, 0.5).window((1024, 2048))
    assert (window.mode, window.crop, window.stride) == ("slide", 768, 512)
    assert RelativeWindow("slide", "slide", 0.75, 0.5).window((300, 200)).crop == 150
