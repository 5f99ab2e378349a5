"""Zoom blur against `imagecorruptions`, pixel by pixel, on small images, and pinned everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from corruptions import corrupt
from corruptions.blur.zoom import ZOOM_BLUR
from corruptions.checks import SEVERITIES

Pixels = NDArray[np.uint8]


def reference(image: Pixels, severity: int) -> Pixels:
    import imagecorruptions

    result: Pixels = imagecorruptions.corrupt(image, severity, "zoom_blur")
    return result


def differences(image: Pixels, severity: int) -> NDArray[np.int16]:
    """Return the size of our result's difference from the package's, in grey levels."""
    ours = corrupt(image, "zoom_blur", severity)
    return np.abs(np.subtract(ours, reference(image, severity), dtype=np.int16))


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def gradients(height: int, width: int) -> Pixels:
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [columns * 255 // (width - 1), rows * 255 // (height - 1), (rows + columns) % 256]
    return np.stack(planes, axis=-1).astype(np.uint8)  # (height, width, 3)


IMAGES = {
    "noise": noise(96, 128),
    "gradients": gradients(128, 200),
    "33x47": noise(33, 47),
    "480x360": gradients(360, 480),
    "tall": noise(700, 32),
}


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("picture", IMAGES)
def test_pixels_are_those_of_the_package(picture: str, severity: int) -> None:
    difference = differences(IMAGES[picture], severity)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3  # float32 against float64 between the pixels


@settings(max_examples=25, deadline=None)
@given(st.integers(32, 90), st.integers(32, 90), st.sampled_from(SEVERITIES))
def test_pixels_are_those_of_the_package_in_every_size(
    height: int, width: int, severity: int
) -> None:
    assert differences(noise(height, width), severity).max() <= 1


@pytest.mark.parametrize("severity", SEVERITIES)
def test_flat_images_have_the_levels_of_the_package(severity: int) -> None:
    # Some levels lose one to rounding, in the package and so here.
    for first in range(0, 256, 3):
        colour = np.array([first, min(first + 1, 255), min(first + 2, 255)], np.uint8)
        image = np.tile(colour, (32, 33, 1))
        np.testing.assert_array_equal(
            corrupt(image, "zoom_blur", severity), reference(image, severity)
        )


def test_a_whole_frame_has_the_pixels_of_the_package() -> None:
    from robustbench_seg.datasets.streets import render

    difference = differences(render("val", 1, 2048, 1024)[0], 5)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_real_frames_have_the_pixels_of_the_package(shared_data: Path) -> None:
    for path in sorted((shared_data / "data/cityscapes_mini/leftImg8bit/val").rglob("*.png")):
        image = np.asarray(Image.open(path))[300:430, 700:900]
        for severity in SEVERITIES:
            assert differences(image, severity).max() <= 1


def test_the_magnifications_are_those_of_the_package() -> None:
    ends = (1.11, 1.16, 1.21, 1.26, 1.31)  # in it, that is where np.arange stops
    steps = (0.01, 0.01, 0.02, 0.02, 0.03)
    for (count, second), end, step in zip(ZOOM_BLUR, ends, steps, strict=True):
        factors = np.arange(1, end, step)
        assert [1.0 + each * (second - 1.0) for each in range(count)] == factors.tolist()


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (31, 31), (2, 70)])
def test_small_images_stay_within_their_levels(size: tuple[int, int], severity: int) -> None:
    image = noise(*size)
    result = corrupt(image, "zoom_blur", severity)
    assert (result >= np.maximum(image.min(axis=(0, 1)), 1) - 1).all()
    assert (result <= image.max(axis=(0, 1))).all()
    assert size != (1, 1) or np.abs(np.subtract(result, image, dtype=np.int16)).max() <= 1
