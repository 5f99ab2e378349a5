"""Noises against `imagecorruptions`: its pixels from its draws, and the same distribution."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.catalogue import REGISTRY
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.noise import impulse, normal, shot
from robustbench_seg.corruptions.randomness import draw_words
from tests.helpers.alias_shares import table_shares
from tests.helpers.pictures import PICTURES, Pixels, noise, real_frames, reference

NOISES = tuple(name for name, found in REGISTRY.items() if found.category == "noise")
FLAT = np.full((256, 256, 3), 128, np.uint8)


def from_its_draws(image: Pixels, name: str, severity: int, seed: int) -> Pixels:
    """Return our noise with the random numbers that imagecorruptions draws for this image."""
    np.random.seed(seed)  # noqa: NPY002
    if name == "impulse_noise":
        return replaced_by_its_draws(image, severity, seed)
    edges: NDArray[np.float64]
    draws: NDArray[np.float64]
    if name == "shot_noise":
        edges = np.tile(shot.shot_edges(severity).astype(np.float64), (256, 1))
        counts = np.random.poisson(image / 255.0 * shot.SHOT_NOISE.at(severity)[0])  # noqa: NPY002
        draws = counts.astype(np.float64)
    else:
        of_noise = {"gaussian_noise": normal.gaussian_edges, "speckle_noise": normal.speckle_edges}
        edges = of_noise[name](severity)
        draws = np.random.normal(size=image.shape)  # noqa: NPY002
    result = np.empty_like(image)
    for level in np.unique(image):
        of_level = image == level
        result[of_level] = np.searchsorted(edges[level], draws[of_level], side="right")
    return result


def replaced_by_its_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    """Pass the two draws of imagecorruptions for a value to our kernel as one word."""
    rng = np.random.default_rng(seed)
    replaced, half = rng.random(image.shape), 2.0**31 * impulse.IMPULSE_NOISE.at(severity)[0]
    white = rng.random(image.shape) <= 0.5
    within = replaced / impulse.IMPULSE_NOISE.at(severity)[0]  # less than 1 where it is replaced
    words = np.where(within <= 1, (within + white) * half, replaced * 2.0**32)
    result = image.copy()
    impulse.replace_levels(
        result.reshape(-1), words.astype(np.uint32).reshape(-1), impulse.impulse_half(severity)
    )
    return result


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NOISES)
def test_its_draws_give_its_pixels(name: str, severity: int) -> None:
    for kind, image in PICTURES.items():
        np.testing.assert_array_equal(
            from_its_draws(image, name, severity, 7),
            reference(image, name, severity, 7),
            err_msg=kind,
        )


@pytest.mark.parametrize("name", NOISES)
def test_its_draws_give_its_pixels_on_a_real_frame(name: str, shared_data: Path) -> None:
    image = next(real_frames(shared_data))
    np.testing.assert_array_equal(from_its_draws(image, name, 3, 7), reference(image, name, 3, 7))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_tables_hold_the_distributions_of_scipy(severity: int) -> None:
    counts = shot.shot_edges(severity)
    means = np.arange(256)[:, np.newaxis] / 255 * shot.SHOT_NOISE.at(severity)[0]
    for tables, below in (
        (normal.gaussian_tables, stats.norm.cdf(normal.gaussian_edges(severity))),
        (normal.speckle_tables, stats.norm.cdf(normal.speckle_edges(severity))),
        (shot.shot_tables, stats.poisson.cdf(counts - 1, means)),
    ):
        expected = np.diff(np.asarray(below), prepend=0, append=1)
        shares = table_shares(tables(severity)) / 2**32
        np.testing.assert_allclose(shares, expected, rtol=0, atol=1.01 / 2**32)


def test_impulse_noise_takes_the_words_of_its_stream() -> None:
    image = noise(55, 68)
    expected, words = image.copy(), draw_words(8, 0, image.size)
    impulse.replace_levels(expected.reshape(-1), words, impulse.impulse_half(2))
    np.testing.assert_array_equal(impulse.impulse_noise(image, 2, 8), expected)


def _histograms(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return a histogram of levels for each row of an image, (256, 256)."""
    return np.stack([np.bincount(row.reshape(-1), minlength=256) for row in image])


def _two_samples(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[float, int]:
    """Return chi-square and its degrees of freedom for two histograms of equal size.

    Neighbouring outcomes are merged until both together have about 40.
    """
    groups = np.cumsum(first + second) // 40
    first, second = np.bincount(groups, first), np.bincount(groups, second)
    occupied = first + second > 0
    first, second = first[occupied], second[occupied]
    return float(((first - second) ** 2 / (first + second)).sum()), first.size - 1


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NOISES)
def test_every_level_is_distributed_as_in_imagecorruptions(name: str, severity: int) -> None:
    # One row for each level, 3000 values each. Significance 1e-3 for all levels together and
    # 1e-3 / 256 for each; draws are fixed, so the result is always the same.
    rows = np.tile(np.arange(256, dtype=np.uint8)[:, np.newaxis, np.newaxis], (1, 1000, 3))
    ours = _histograms(corrupt(rows, name, severity, seed=2))
    theirs = _histograms(reference(rows, name, severity, 2))
    chi_squares, freedoms = np.array(list(map(_two_samples, ours, theirs))).T
    assert stats.chi2.sf(chi_squares.sum(), freedoms.sum()) > 1e-3
    testable = freedoms > 0  # in shot and speckle noise black has one outcome
    assert stats.chi2.sf(chi_squares[testable], freedoms[testable]).min() > 1e-3 / 256
    np.testing.assert_array_equal(ours[~testable], theirs[~testable])


@pytest.mark.parametrize("name", NOISES)
def test_values_are_independent_of_each_other(name: str) -> None:
    # Correlations of n values are normal with deviation 1 / sqrt(n): 5 deviations, 6e-7 each.
    residue = corrupt(FLAT, name, 3) - 128.0
    residue = (residue - residue.mean()) / residue.std()
    lags = [(0, 0, 1), (0, 0, 2), (0, 1, 0), (1, 0, 0), (0, 2, 0), (8, 0, 0)]
    for lag in lags:
        shifted = np.roll(residue, lag, axis=(0, 1, 2))
        assert abs((residue * shifted).mean()) < 5 / residue.size**0.5, lag


def test_conditions_are_independent_of_each_other() -> None:
    conditions = [
        *((name, severity, 0, "a") for name in NOISES for severity in (1, 4)),
        *((NOISES[0], 1, 1, "a"), (NOISES[0], 1, 0, "b")),
    ]
    flat = np.array(
        [corrupt(FLAT, *each[:2], seed=each[2], key=each[3]) for each in conditions], np.float64
    ).reshape(len(conditions), -1)
    correlations = np.corrcoef(flat) - np.eye(len(conditions))
    assert np.abs(correlations).max() < 5 / flat.shape[1] ** 0.5


@pytest.mark.parametrize("name", NOISES)
def test_a_value_depends_only_on_its_level_and_position(name: str) -> None:
    image, function = noise(70, 67), REGISTRY[name].function
    whole = function(image, 2, 2**64 - 5)
    for rows in (1, 10, 11, 41, 69):  # around multiples of a block, odd and even
        np.testing.assert_array_equal(function(image[:rows], 2, 2**64 - 5), whole[:rows])
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: function(image, 2, 2**64 - 5), range(16)):
            np.testing.assert_array_equal(result, whole)
