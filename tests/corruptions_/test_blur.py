"""Motion, defocus, glass and Gaussian blur against `imagecorruptions`, pixel by pixel.

Random blurs get its own random numbers: its angle, or its offsets from Numba's generator.
"""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.arithmetic import exponential
from robustbench_seg.corruptions.blur import motion
from robustbench_seg.corruptions.blur.gaussian import GAUSSIAN_BLUR, smooth
from robustbench_seg.corruptions.blur.glass import GLASS_BLUR
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.kernels import glass
from tests.helpers import pictures
from tests.helpers.pictures import Pixels, flat, noise, real_frames, reference, rendered_frame

NAMES = ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur")
SEED = 11


def from_its_draws(image: Pixels, name: str, severity: int, seed: int = SEED) -> Pixels:
    """Return our blur of an image with the random numbers that imagecorruptions draws for it."""
    if name == "motion_blur":
        np.random.seed(seed)  # noqa: NPY002
        return motion.smear(image, severity, np.random.uniform(-45, 45))  # noqa: NPY002
    if name == "glass_blur":
        return shuffled_by_its_draws(image, severity, seed)
    return corrupt(image, name, severity)


def shuffled_by_its_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    deviation, reach, scans = GLASS_BLUR.at(severity)
    height, width, _ = image.shape
    blurred = smooth(image, deviation)
    pixels = np.empty(height * width, np.uint32)
    glass.pack(blurred.reshape(-1), pixels)
    rows = range(height - reach, reach, -1)
    offsets = numba_offsets(seed, scans * len(rows), width - 2 * reach, reach)
    for offset, row in zip(offsets, [*rows] * scans, strict=True):
        distances = offset[:, 1] * width + offset[:, 0]
        glass.copy_backwards(pixels, row * width + width - reach, distances.astype(np.int32))
    glass.unpack(pixels, blurred.reshape(-1))
    return smooth(blurred, deviation)


@numba.njit  # type: ignore[untyped-decorator]
def numba_offsets(seed: int, rows: int, columns: int, reach: int) -> NDArray[np.int64]:
    """Draw column and row offsets, pixel by pixel, as imagecorruptions does."""
    np.random.seed(seed)  # noqa: NPY002
    offsets = np.empty((rows, columns, 2), np.int64)
    for row in range(rows):
        for column in range(columns):
            offsets[row, column] = np.random.randint(-reach, reach, size=(2,))  # noqa: NPY002
    return offsets


def differences(image: Pixels, name: str, severity: int, seed: int = SEED) -> NDArray[np.int16]:
    """Return the absolute differences of our result from that of imagecorruptions."""
    ours = from_its_draws(image, name, severity, seed)
    return pictures.differences(ours, reference(image, name, severity, seed))


def points(height: int, width: int) -> Pixels:
    """Return single white pixels on black, far from each other and from most edges."""
    image = np.zeros((height, width, 3), np.uint8)
    image[::29, ::31] = 255
    return image


PICTURES = {**pictures.PICTURES, "points": points(100, 120), "wide": noise(40, 1100)}
"""Smaller and larger than the tiles of the kernels, and than the longest motion."""


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("picture", PICTURES)
def test_pixels_equal_imagecorruptions(picture: str, name: str, severity: int) -> None:
    assert differences(PICTURES[picture], name, severity).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
def test_few_pixels_differ_at_all(name: str, severity: int) -> None:
    # On noise, sums are hardly ever integers, so this measures the error of the sums.
    assert np.mean(differences(noise(200, 300), name, severity) != 0) < 2e-3


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
def test_flat_areas_have_the_levels_of_imagecorruptions(name: str, severity: int) -> None:
    differ = [
        differences(flat(level, height=32, width=33), name, severity)
        for level in range(severity, 256, 5)
    ]
    exact = {
        "defocus_blur": True,
        "glass_blur": True,
        "gaussian_blur": severity <= 3 and numpy_weights_are_exact(GAUSSIAN_BLUR.at(severity)[0]),
        "motion_blur": False,
    }
    # In the others, the last digit of a weight of imagecorruptions decides.
    assert np.max(differ) <= (0 if exact[name] else 1)


def numpy_weights_are_exact(deviation: float) -> bool:
    """Return whether np.exp, which imagecorruptions uses, rounds correctly on this processor."""
    powers = -0.5 / (deviation * deviation) * np.arange(int(4 * deviation + 0.5) + 1) ** 2
    return np.array_equal(np.exp(powers), exponential(powers))


@pytest.mark.parametrize("seed", range(40))
def test_motion_at_many_angles(seed: int) -> None:
    image, severity = noise(34 + seed % 9, 33 + seed % 11), 1 + seed % 5
    assert differences(image, "motion_blur", severity, seed).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_rendered_frame_equals_imagecorruptions(name: str) -> None:
    differing = differences(rendered_frame(), name, 5)
    assert differing.max() <= 1
    assert np.mean(differing != 0) < 2e-2


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_real_frames_equal_imagecorruptions(name: str, shared_data: Path) -> None:
    for image in real_frames(shared_data):
        for severity in SEVERITIES:
            differing = differences(image, name, severity)
            assert differing.max() <= 1
            assert np.mean(differing != 0) < 1e-2
