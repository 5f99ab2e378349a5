"""Zoom blur against `imagecorruptions`, pixel by pixel, and small images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.blur.zoom import magnifications
from robustbench_seg.corruptions.checks import SEVERITIES
from tests.helpers import pictures
from tests.helpers.pictures import PICTURES, Pixels, noise, real_frames, reference, rendered_frame


def differences(image: Pixels, severity: int) -> NDArray[np.int16]:
    """Return the absolute differences of our result from that of imagecorruptions."""
    ours = corrupt(image, "zoom_blur", severity)
    return pictures.differences(ours, reference(image, "zoom_blur", severity))


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("picture", PICTURES)
def test_pixels_equal_imagecorruptions(picture: str, severity: int) -> None:
    difference = differences(PICTURES[picture], severity)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3  # float32 against float64 between the pixels


@settings(max_examples=25)
@given(st.integers(32, 90), st.integers(32, 90), st.sampled_from(SEVERITIES))
def test_pixels_equal_imagecorruptions_at_every_size(
    height: int, width: int, severity: int
) -> None:
    assert differences(noise(height, width), severity).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
def test_flat_images_have_the_levels_of_imagecorruptions(severity: int) -> None:
    # Rounding lowers some levels, there and here.
    for first in range(0, 256, 3):
        colour = np.array([first, min(first + 1, 255), min(first + 2, 255)], np.uint8)
        image = np.tile(colour, (32, 33, 1))
        assert not differences(image, severity).any()


@pytest.mark.slow
def test_a_rendered_frame_equals_imagecorruptions() -> None:
    difference = differences(rendered_frame(), 5)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


@pytest.mark.slow
def test_real_frames_equal_imagecorruptions(shared_data: Path) -> None:
    for image in real_frames(shared_data):
        for severity in SEVERITIES:
            assert differences(image, severity).max() <= 1


def test_the_magnifications_are_those_of_imagecorruptions() -> None:
    ends = (1.11, 1.16, 1.21, 1.26, 1.31)  # arguments of its np.arange
    steps = (0.01, 0.01, 0.02, 0.02, 0.03)
    for severity, end, step in zip(SEVERITIES, ends, steps, strict=True):
        assert magnifications(severity) == np.arange(1, end, step).tolist()


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (31, 31), (2, 70)])
def test_small_images_stay_within_their_levels(size: tuple[int, int], severity: int) -> None:
    image = noise(*size)
    result = corrupt(image, "zoom_blur", severity)
    assert (result >= np.maximum(image.min(axis=(0, 1)), 1) - 1).all()
    assert (result <= image.max(axis=(0, 1))).all()
    assert size != (1, 1) or np.abs(np.subtract(result, image, dtype=np.int16)).max() <= 1
