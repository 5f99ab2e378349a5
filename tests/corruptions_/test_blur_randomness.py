"""Random numbers of motion and glass blur, distributed as in `imagecorruptions`; small images."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.arithmetic import cosine_and_sine, exponential
from robustbench_seg.corruptions.blur import motion
from robustbench_seg.corruptions.blur.glass import GLASS_BLUR
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.kernels import glass
from robustbench_seg.corruptions.randomness import fill_words
from tests.helpers.pictures import noise, reference

NAMES = ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur")


def test_angles_are_uniform() -> None:
    # Significance 1e-3; the streams are fixed, so the result is always the same.
    angles = [motion.drawn_angle(stream * 0x9E3779B97F4A7C15 % 2**64) for stream in range(4000)]
    assert stats.kstest(angles, stats.uniform(-45, 90).cdf).pvalue > 1e-3
    assert len(set(angles)) == 4000
    assert -45 <= min(angles) < -44.9
    assert 44.9 < max(angles) <= 45


def test_motion_blur_smears_at_the_drawn_angle() -> None:
    image = noise(50, 60)
    expected = motion.smear(image, 3, motion.drawn_angle(2**63 + 1))
    np.testing.assert_array_equal(motion.motion_blur(image, 3, 2**63 + 1), expected)


def displacements(sources: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Count the displacements of pixels, by rows and columns, from their sources (H, W)."""
    height, width = sources.shape
    targets = np.arange(height * width).reshape(height, width)
    rows = sources // width - targets // width + 40
    columns = sources % width - targets % width + 40
    inner = np.s_[3 * reach : -3 * reach, 3 * reach : -3 * reach]
    near = np.minimum(rows[inner], 80) * 81 + np.minimum(columns[inner], 80)
    return np.bincount(near.reshape(-1), minlength=81 * 81)


def two_samples(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Return the p-value of the chi-square test of two samples of equal size."""
    order = np.argsort(-(first + second), kind="stable")
    groups = np.cumsum((first + second)[order]) // 40
    first = np.bincount(groups, first[order]).astype(np.int64)
    second = np.bincount(groups, second[order]).astype(np.int64)
    both = first + second
    occupied = both > 0
    chi_square = ((first - second)[occupied] ** 2 / both[occupied]).sum()
    return float(stats.chi2.sf(chi_square, occupied.sum() - 1))


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
def test_glass_blur_moves_pixels_as_far_as_imagecorruptions(severity: int) -> None:
    # Pixels are numbered, which shows where each comes from. Significance 1e-3.
    from imagecorruptions.corruptions import _shuffle_pixels_njit_glass_blur as reference_shuffle

    height, width = 200, 190
    _, reach, scans = parameters = GLASS_BLUR.at(severity)
    numbers = np.arange(height * width)
    ours = numbers.astype(np.uint32)
    glass.shuffle(ours, width, reach, scans, glass.shifts(reach, width), np.uint64(77))
    theirs = reference_shuffle(
        height, width, numbers.reshape(height, width, 1).copy(), parameters, 3
    )
    of_ours = displacements(ours.astype(np.int64).reshape(height, width), reach)
    of_theirs = displacements(theirs[:, :, 0], reach)
    assert two_samples(of_ours, of_theirs) > 1e-3
    untouched = (ours == numbers).reshape(height, width)
    assert untouched[: reach + 1].all()
    assert untouched[:, : reach + 1].all()
    assert untouched[height - reach + 1 :].all()
    assert untouched[:, width - reach + 1 :].all()
    assert not untouched[height - reach].all()
    assert not untouched[:, width - reach].all()


def test_glass_blur_takes_the_words_of_its_stream() -> None:
    height, width, reach, scans, stream = 19, 24, 3, 2, np.uint64(8)
    shifts = glass.shifts(reach, width)
    expected = np.arange(height * width, dtype=np.uint32)
    words = np.empty(width - 2 * reach, np.uint32)
    for scan in range(scans):
        for row in range(height - reach, reach, -1):
            fill_words(stream, (scan * height + row) * words.size, words)
            for column, word in zip(range(width - reach, reach, -1), words, strict=True):
                pixel = row * width + column
                expected[pixel] = expected[pixel + shifts[int(word) * shifts.size >> 32]]
    pixels = np.arange(height * width, dtype=np.uint32)
    glass.shuffle(pixels, width, reach, scans, shifts, stream)
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", ["motion_blur", "glass_blur"])
def test_images_vary_as_those_of_imagecorruptions(name: str, severity: int) -> None:
    # Mean difference between neighbours in 150 images each; significance 1e-3 for each case.
    image = noise(40, 40, seed=5)
    steps: list[list[float]] = [[], []]
    for seed in range(150):
        theirs = reference(image, name, severity, seed)
        results = corrupt(image, name, severity, seed=seed), theirs
        for side, result in zip(steps, results, strict=True):
            side.append(float(np.abs(np.diff(result.astype(float), axis=0)).mean()))
    assert stats.ks_2samp(steps[0], steps[1]).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (2, 40), (31, 31)])
@pytest.mark.parametrize("name", NAMES)
def test_small_images_keep_their_levels(name: str, shape: tuple[int, int]) -> None:
    for severity in SEVERITIES:
        for level in (0, 3, 255):
            result = corrupt(np.full((*shape, 3), level, np.uint8), name, severity)
            assert result.shape == (*shape, 3)
            most = level + (level * 0.014 if name == "defocus_blur" else 0)
            assert result.max() <= min(most, 255)
            if name != "motion_blur":  # whose line ends at the edge of the image
                assert result.min() >= level - 2
        varied = corrupt(noise(*shape), name, severity)
        assert varied.shape == (*shape, 3)


@pytest.mark.parametrize("name", NAMES)
def test_threads_make_the_same_pixels(name: str) -> None:
    image = noise(70, 90)
    whole = corrupt(image, name, 4)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: corrupt(image, name, 4), range(12)):
            np.testing.assert_array_equal(result, whole)


def test_arithmetic_equals_numpy_but_for_the_last_digit() -> None:
    powers = np.random.default_rng(0).uniform(-40, 0, 500)
    np.testing.assert_allclose(exponential(powers), np.exp(powers), rtol=3e-16, atol=0)
    for degrees in (-180.0, -90.0, -45.0, 0.0, 30.0, 33.3, 60.0, 135.0, 180.0):
        expected = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        np.testing.assert_allclose(cosine_and_sine(degrees), expected, rtol=0, atol=4e-16)
