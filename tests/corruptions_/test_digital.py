"""The digital corruptions that are not random against `imagecorruptions`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.digital.contrast import CONTRAST, WHOLE
from tests.helpers import pictures
from tests.helpers.pictures import Pixels, flat, noise, real_frames, reference, rendered_frame

NAMES = ("brightness", "contrast", "saturate", "jpeg_compression", "pixelate")
EXACT = ("brightness", "saturate", "jpeg_compression")  # the others: within one grey level


def differences(image: Pixels, name: str, severity: int) -> NDArray[np.int16]:
    """Return the absolute differences of our result from that of imagecorruptions."""
    ours = corrupt(image, name, severity)
    return pictures.differences(ours, reference(image, name, severity))


def greys() -> Pixels:
    """Return all 256 grey levels."""
    levels = np.arange(256, dtype=np.uint8).repeat(8).reshape(32, 64)
    return np.stack([levels, levels, levels], axis=-1)  # (32, 64, 3)


def colours() -> Pixels:
    """Return 32 ** 3 colours on a lattice with 0 and 255, and twice as many random ones."""
    steps = np.linspace(0, 255, 32).astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(256, 128, 3)
    return np.concatenate([lattice, noise(512, 128)])


PICTURES = {
    **pictures.PICTURES,
    "red": flat(255, 0, 0),
    "greys": greys(),
    "colours": colours(),
    "taller": noise(1400, 32),
}
"""More and fewer pixels than a block of the kernels, and numbers that no block divides."""


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("picture", PICTURES)
def test_pixels_equal_imagecorruptions(picture: str, name: str, severity: int) -> None:
    largest = differences(PICTURES[picture], name, severity).max()
    assert largest <= (0 if name in EXACT else 1)


@settings(max_examples=60)
@given(st.integers(32, 200), st.integers(32, 200), st.sampled_from(SEVERITIES))
def test_pixelate_equals_imagecorruptions_at_every_size(
    height: int, width: int, severity: int
) -> None:
    image = noise(height, width)
    assert differences(image, "pixelate", severity).max() <= (height > width)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_rendered_frame_equals_imagecorruptions(name: str) -> None:
    assert differences(rendered_frame(), name, 5).max() == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_real_frames_equal_imagecorruptions(name: str, shared_data: Path) -> None:
    for image in real_frames(shared_data):
        for severity in SEVERITIES:
            assert differences(image, name, severity).max() == 0


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_equals_its_formula_in_fractions(severity: int) -> None:
    part = Fraction(round(CONTRAST.at(severity)[0] * int(WHOLE)), int(WHOLE))
    image = noise(32, 35)
    image[..., 1] = 77  # an integer mean, for which imagecorruptions may lose a level
    means = [Fraction(int(image[..., c].sum(dtype=np.int64)), 32 * 35) for c in range(3)]
    expected = [
        [int((int(level) - mean) * part + mean) for level, mean in zip(pixel, means, strict=True)]
        for pixel in image.reshape(-1, 3)
    ]
    np.testing.assert_array_equal(
        corrupt(image, "contrast", severity), np.array(expected).reshape(image.shape)
    )


def test_contrast_does_not_change_a_flat_image() -> None:
    for level in range(256):
        image = flat(level)
        np.testing.assert_array_equal(corrupt(image, "contrast", 1 + level % 5), image)
