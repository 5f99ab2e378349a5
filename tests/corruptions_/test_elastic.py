"""Elastic transform against `imagecorruptions`, given its random numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, stats

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.digital import elastic
from tests.helpers import pictures
from tests.helpers.pictures import (
    Pixels,
    differences,
    flat,
    gradients,
    noise,
    real_frames,
    reference,
    rendered_frame,
)


def from_its_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    """Return our result with the random numbers that imagecorruptions draws for this image."""
    height, width, _ = image.shape
    np.random.seed(seed)  # noqa: NPY002
    across, down = (
        np.random.uniform(-1, 1, (height, width)).astype(np.float32)  # noqa: NPY002
        for _ in range(2)
    )
    return elastic.move(image, *(elastic.distances(each, severity) for each in (across, down)))


def assert_its_draws_give_its_pixels(image: Pixels, severity: int) -> None:
    ours = from_its_draws(image, severity, 3)
    difference = differences(ours, reference(image, "elastic_transform", severity, 3))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


# "tall" moves by up to twice its width: it is mirrored more than once.
PICTURES = {**pictures.PICTURES, "wide": noise(32, 300)}


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("picture", PICTURES)
def test_its_draws_give_its_pixels(picture: str, severity: int) -> None:
    assert_its_draws_give_its_pixels(PICTURES[picture], severity)


def test_its_draws_give_its_pixels_on_real_frames(shared_data: Path) -> None:
    for image in real_frames(shared_data):
        assert_its_draws_give_its_pixels(image, 4)


@pytest.mark.slow
def test_its_draws_give_its_pixels_on_a_rendered_frame() -> None:
    assert_its_draws_give_its_pixels(rendered_frame(), 5)


def test_flat_images_have_the_levels_of_imagecorruptions() -> None:
    for level in range(256):
        image, severity = flat(level), 1 + level % 5
        ours = corrupt(image, "elastic_transform", severity)
        np.testing.assert_array_equal(ours, reference(image, "elastic_transform", severity))


def test_images_are_mirrored_at_their_edges_as_in_scipy() -> None:
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
    # Significance 1e-3 for each plane; correlations within 5 deviations, 6e-7 each.
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
def test_images_move_as_far_as_in_imagecorruptions(severity: int) -> None:
    # Mean absolute change over 40 seeds each; significance 1e-3, seeds are fixed.
    image = gradients(48, 60)
    seeds, name = range(40), "elastic_transform"
    ours = [differences(corrupt(image, name, severity, seed=k), image).mean() for k in seeds]
    theirs = [differences(reference(image, name, severity, k), image).mean() for k in seeds]
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (31, 31), (70, 2)])
def test_small_images_stay_within_their_levels(size: tuple[int, int], severity: int) -> None:
    image = noise(*size)
    result = corrupt(image, "elastic_transform", severity)
    assert (result >= np.maximum(image.min(axis=(0, 1)), 1) - 1).all()
    assert (result <= image.max(axis=(0, 1))).all()
