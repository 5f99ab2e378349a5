"""The digital corruptions without chance against `imagecorruptions`, and pinned everywhere."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from corruptions import corrupt
from corruptions.checks import SEVERITIES
from corruptions.digital.contrast import CONTRAST, WHOLE

Pixels = NDArray[np.uint8]

NAMES = ("brightness", "contrast", "saturate", "jpeg_compression", "pixelate")
EXACT = ("brightness", "saturate", "jpeg_compression")  # the others: within one grey level


def reference(image: Pixels, name: str, severity: int) -> Pixels:
    import imagecorruptions

    result: Pixels = imagecorruptions.corrupt(image, severity, name)
    return result


def difference(image: Pixels, name: str, severity: int) -> NDArray[np.int16]:
    """Return the size of our result's difference from the package's, in grey levels."""
    ours, theirs = corrupt(image, name, severity), reference(image, name, severity)
    return np.abs(np.subtract(ours, theirs, dtype=np.int16))


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def flat(*colour: int) -> Pixels:
    return np.full((40, 50, 3), colour, np.uint8)


def gradients(height: int, width: int) -> Pixels:
    """Return red from left to right, green from top to bottom, blue along the diagonal."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack(
        [columns * 255 // (width - 1), rows * 255 // (height - 1), (rows + columns) % 256], axis=-1
    ).astype(np.uint8)


def greys() -> Pixels:
    """Return all 256 grey levels."""
    levels = np.arange(256, dtype=np.uint8).repeat(8).reshape(32, 64)
    return np.stack([levels, levels, levels], axis=-1)  # (32, 64, 3)


def triples() -> Pixels:
    """Return 32 ** 3 colours on a lattice with 0 and 255, and twice as many by chance."""
    steps = np.linspace(0, 255, 32).astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(256, 128, 3)
    return np.concatenate([lattice, noise(512, 128)])


IMAGES = {
    "noise": noise(96, 128),
    "black": flat(0, 0, 0),
    "white": flat(255, 255, 255),
    "flat": flat(201, 100, 33),
    "red": flat(255, 0, 0),
    "gradients": gradients(128, 200),
    "greys": greys(),
    "triples": triples(),
    "33x47": noise(33, 47),
    "480x360": gradients(360, 480),
    "tall": noise(1400, 32),
}
"""More and fewer pixels than a block of the kernels, and numbers that no block divides."""


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("picture", IMAGES)
def test_pixels_are_those_of_the_package(picture: str, name: str, severity: int) -> None:
    largest = difference(IMAGES[picture], name, severity).max()
    assert largest <= (0 if name in EXACT else 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(32, 200), st.integers(32, 200), st.sampled_from(SEVERITIES))
def test_large_pixels_are_those_of_the_package_in_every_size(
    height: int, width: int, severity: int
) -> None:
    image = noise(height, width)
    assert difference(image, "pixelate", severity).max() <= (height > width)


@pytest.fixture(scope="module")
def frame() -> Pixels:
    from robustbench_seg.datasets.streets import render

    return render("val", 1, 2048, 1024)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_frame_has_the_pixels_of_the_package(name: str, frame: Pixels) -> None:
    assert difference(frame, name, 5).max() == 0


@pytest.mark.parametrize("name", NAMES)
def test_real_frames_have_the_pixels_of_the_package(name: str, shared_data: Path) -> None:
    frames = sorted((shared_data / "data/cityscapes_mini/leftImg8bit/val").rglob("*.png"))
    for path in frames:
        image = np.asarray(Image.open(path))[300:560, 700:1117]  # (260, 417, 3)
        for severity in SEVERITIES:
            assert difference(image, name, severity).max() == 0


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_is_its_formula_in_exact_numbers(severity: int) -> None:
    part = Fraction(CONTRAST[severity - 1], int(WHOLE))
    image = noise(32, 35)
    image[..., 1] = 77  # the mean an integer, where the package may lose a level
    means = [Fraction(int(image[..., c].sum(dtype=np.int64)), 32 * 35) for c in range(3)]
    expected = [
        [int((int(level) - mean) * part + mean) for level, mean in zip(pixel, means, strict=True)]
        for pixel in image.reshape(-1, 3)
    ]
    np.testing.assert_array_equal(
        corrupt(image, "contrast", severity), np.array(expected).reshape(image.shape)
    )


def test_contrast_leaves_a_flat_image_alone() -> None:
    for level in range(256):
        image = np.full((33, 32, 3), level, np.uint8)
        np.testing.assert_array_equal(corrupt(image, "contrast", 1 + level % 5), image)
