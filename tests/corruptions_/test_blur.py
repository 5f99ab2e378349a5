"""Motion, defocus, glass and Gaussian blur against `imagecorruptions`, pixel by pixel.

Those with chance get the package's own draws: its angle, or its offsets from Numba's generator.
"""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from corruptions import corrupt
from corruptions.blur import glass, motion
from corruptions.blur.gaussian import smooth
from corruptions.checks import SEVERITIES

Pixels = NDArray[np.uint8]

NAMES = ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur")
SEED = 11


def reference(image: Pixels, name: str, severity: int, seed: int = SEED) -> Pixels:
    import imagecorruptions

    np.random.seed(seed)  # noqa: NPY002
    arguments = {"seed": seed} if name == "glass_blur" else {}
    result: Pixels = imagecorruptions.corrupt(image, severity, name, **arguments)
    return result


def from_the_references_draws(image: Pixels, name: str, severity: int, seed: int = SEED) -> Pixels:
    """Return what our blur makes of an image and what the package draws for it."""
    if name == "motion_blur":
        np.random.seed(seed)  # noqa: NPY002
        return motion.smear(image, severity, np.random.uniform(-45, 45))  # noqa: NPY002
    if name == "glass_blur":
        return scattered_by_the_references_draws(image, severity, seed)
    return corrupt(image, name, severity)


def scattered_by_the_references_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    deviation, reach, scans = glass.GLASS_BLUR[severity - 1]
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
    """Draw as the package does: columns first, then rows, pixel by pixel."""
    np.random.seed(seed)  # noqa: NPY002
    offsets = np.empty((rows, columns, 2), np.int64)
    for row in range(rows):
        for column in range(columns):
            offsets[row, column] = np.random.randint(-reach, reach, size=(2,))  # noqa: NPY002
    return offsets


def differences(image: Pixels, name: str, severity: int, seed: int = SEED) -> NDArray[np.int16]:
    """Return by how many grey levels our result is above the package's."""
    ours = from_the_references_draws(image, name, severity, seed)
    return np.subtract(ours, reference(image, name, severity, seed), dtype=np.int16)


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def gradients(height: int, width: int) -> Pixels:
    """Return red from left to right, green from top to bottom, blue along the diagonal."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [columns * 255 // (width - 1), rows * 255 // (height - 1), (rows + columns) % 256]
    return np.stack(planes, axis=-1).astype(np.uint8)  # (height, width, 3)


def flat(level: int) -> Pixels:
    return np.full((32, 33, 3), level, np.uint8)


def points(height: int, width: int) -> Pixels:
    """Return single white pixels on black, far from each other and from most edges."""
    image = np.zeros((height, width, 3), np.uint8)
    image[::29, ::31] = 255
    return image


IMAGES = {
    "noise": noise(96, 128),
    "gradients": gradients(128, 200),
    "points": points(100, 120),
    "black": flat(0),
    "white": flat(255),
    "33x47": noise(33, 47),
    "wide": noise(40, 1100),
    "480x360": gradients(360, 480),
    "tall": noise(700, 32),
}
"""Smaller and larger than the tiles of the kernels, and than the longest motion."""


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("picture", IMAGES)
def test_pixels_are_those_of_the_package(picture: str, name: str, severity: int) -> None:
    assert np.abs(differences(IMAGES[picture], name, severity)).max() <= 1


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
def test_few_pixels_differ_at_all(name: str, severity: int) -> None:
    # On noise no sum is an integer but by accident, so this is how exact the sums are.
    assert np.mean(differences(noise(200, 300), name, severity) != 0) < 2e-3


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
def test_flat_areas_have_the_levels_of_the_package(name: str, severity: int) -> None:
    differ = [differences(flat(level), name, severity) for level in range(severity, 256, 5)]
    if name in ("defocus_blur", "glass_blur") or (name == "gaussian_blur" and severity <= 3):
        assert not np.any(differ)
    else:  # a last digit in the package's weights decides
        assert np.abs(differ).max() <= 1


@pytest.mark.parametrize("seed", range(40))
def test_motion_at_many_angles(seed: int) -> None:
    image, severity = noise(34 + seed % 9, 33 + seed % 11), 1 + seed % 5
    assert np.abs(differences(image, "motion_blur", severity, seed)).max() <= 1


@pytest.fixture(scope="module")
def frame() -> Pixels:
    from robustbench_seg.datasets.streets import render

    return render("val", 1, 2048, 1024)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_frame_has_the_pixels_of_the_package(name: str, frame: Pixels) -> None:
    differing = differences(frame, name, 5)
    assert np.abs(differing).max() <= 1
    assert np.mean(differing != 0) < 2e-2


@pytest.mark.parametrize("name", NAMES)
def test_real_frames_have_the_pixels_of_the_package(name: str, shared_data: Path) -> None:
    frames = sorted((shared_data / "data/cityscapes_mini/leftImg8bit/val").rglob("*.png"))
    for path in frames:
        image = np.asarray(Image.open(path))[300:560, 700:1117]  # (260, 417, 3)
        for severity in SEVERITIES:
            differing = differences(image, name, severity)
            assert np.abs(differing).max() <= 1
            assert np.mean(differing != 0) < 1e-2
