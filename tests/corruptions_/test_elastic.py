"""Elastic transform: the pixels of `imagecorruptions` from its draws, and ours, pinned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, stats

from corruptions import corrupt
from corruptions.checks import SEVERITIES
from corruptions.digital import elastic

Pixels = NDArray[np.uint8]


def reference(image: Pixels, severity: int, seed: int) -> Pixels:
    import imagecorruptions

    np.random.seed(seed)  # noqa: NPY002
    result: Pixels = imagecorruptions.corrupt(image, severity, "elastic_transform")
    return result


def from_the_references_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    """Return what our kernels make of the numbers that the package draws for this image."""
    height, width, _ = image.shape
    np.random.seed(seed)  # noqa: NPY002
    across, down = (
        np.random.uniform(-1, 1, (height, width)).astype(np.float32)  # noqa: NPY002
        for _ in range(2)
    )
    return elastic.move(image, *(elastic.distances(each, severity) for each in (across, down)))


def check(image: Pixels, severity: int) -> None:
    ours, theirs = from_the_references_draws(image, severity, 3), reference(image, severity, 3)
    difference = np.abs(np.subtract(ours, theirs, dtype=np.int16))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


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
    "tall": noise(700, 32),  # moved by up to twice its width: mirrored more than once
    "wide": noise(32, 300),
}


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("picture", IMAGES)
def test_the_references_draws_give_its_pixels(picture: str, severity: int) -> None:
    check(IMAGES[picture], severity)


def test_the_references_draws_give_its_pixels_on_frames(shared_data: Path) -> None:
    for path in sorted((shared_data / "data/cityscapes_mini/leftImg8bit/val").rglob("*.png")):
        check(np.asarray(Image.open(path))[300:560, 700:1117], 4)


def test_the_references_draws_give_its_pixels_on_a_whole_frame() -> None:
    from robustbench_seg.datasets.streets import render

    check(render("val", 1, 2048, 1024)[0], 5)


def test_flat_images_have_the_levels_of_the_package() -> None:
    for level in range(256):
        image = np.full((33, 32, 3), level, np.uint8)
        severity = 1 + level % 5
        np.testing.assert_array_equal(
            corrupt(image, "elastic_transform", severity), reference(image, severity, 0)
        )


def test_what_lies_beyond_the_edges_is_mirrored_as_in_scipy() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (5, 3, 3), np.uint8)
    across, down = rng.uniform(-20, 20, (2, 5, 3)).astype(np.float32)  # up to seven widths
    rows, columns = np.mgrid[0:5, 0:3]
    planes = [
        ndimage.map_coordinates(
            image[..., c].astype(np.float64),
            [rows + down, columns + across],
            order=1,
            mode="reflect",
        )
        for c in range(3)
    ]
    expected = np.stack(planes, axis=-1)  # (5, 3, 3)
    np.testing.assert_allclose(elastic.move(image, across, down), expected, rtol=0, atol=1.001)


def test_the_uniform_numbers_are_uniform_and_independent() -> None:
    # Significance 1e-3 for each of the two; correlations within 5 deviations, 6e-7 each.
    across, down = elastic.uniform_planes(301, 333, 11)
    for plane in (across, down):
        assert stats.kstest(plane.reshape(-1), stats.uniform(-1, 2).cdf).pvalue > 1e-3
    pairs = [
        (across, down),
        *((across, np.roll(across, k, axis)) for k in (1, 2) for axis in (0, 1)),
    ]
    for first, second in pairs:
        assert abs((first * second).mean() * 3) < 5 / first.size**0.5


@pytest.mark.parametrize("severity", SEVERITIES)
def test_images_move_as_far_as_in_the_reference(severity: int) -> None:
    # The mean size of the change over 40 seeds each; significance 1e-3, seeds are fixed.
    image = gradients(48, 60)

    def change(result: Pixels) -> float:
        return float(np.abs(np.subtract(result, image, dtype=np.int16)).mean())

    ours = [change(corrupt(image, "elastic_transform", severity, seed=k)) for k in range(40)]
    theirs = [change(reference(image, severity, k)) for k in range(40)]
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (31, 31), (70, 2)])
def test_small_images_work(size: tuple[int, int], severity: int) -> None:
    image = noise(*size)
    result = corrupt(image, "elastic_transform", severity)
    assert (result >= np.maximum(image.min(axis=(0, 1)), 1) - 1).all()
    assert (result <= image.max(axis=(0, 1))).all()
