"""Our noises against `imagecorruptions`: the same pixels from its draws, the same distribution."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from corruptions import corrupt
from corruptions.catalogue import OURS, corrupt_by_module
from corruptions.checks import SEVERITIES
from corruptions.noise import impulse, normal, shot
from corruptions.randomness import fill_words
from tests.helpers.alias_shares import table_shares

MODULES = {name: module for module, names in OURS.items() for name in names if "noise" in module}
NOISES = tuple(MODULES)
FLAT = np.full((256, 256, 3), 128, np.uint8)


def _reference(image: NDArray[np.uint8], name: str, severity: int, seed: int) -> NDArray[np.uint8]:
    import imagecorruptions

    np.random.seed(seed)  # noqa: NPY002
    arguments = {"seed": seed} if name == "impulse_noise" else {}
    result: NDArray[np.uint8] = imagecorruptions.corrupt(image, severity, name, **arguments)
    return result


def _pictures() -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 97).astype(np.uint8)
    return {
        "noise": rng.integers(0, 256, (33, 47, 3), np.uint8),
        "black": np.zeros((33, 47, 3), np.uint8),
        "white": np.full((33, 47, 3), 255, np.uint8),
        "gradient": np.stack([np.tile(np.roll(ramp, k), (64, 1)) for k in (0, 30, 60)], axis=-1),
        "tall": rng.integers(0, 256, (301, 32, 3), np.uint8),
    }


def _from_the_references_draws(
    image: NDArray[np.uint8], name: str, severity: int, seed: int
) -> NDArray[np.uint8]:
    """Return what our noise makes of the numbers that the package draws for this image."""
    np.random.seed(seed)  # noqa: NPY002
    if name == "impulse_noise":
        return _replaced_at_the_references_places(image, severity, seed)
    edges: NDArray[np.float64]
    draws: NDArray[np.float64]
    if name == "shot_noise":
        edges = np.tile(shot.shot_edges(severity).astype(np.float64), (256, 1))
        counts = np.random.poisson(image / 255.0 * shot.SHOT_NOISE[severity - 1])  # noqa: NPY002
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


def _replaced_at_the_references_places(
    image: NDArray[np.uint8], severity: int, seed: int
) -> NDArray[np.uint8]:
    """Hand the package's two draws to our kernel as one word: below 2**32 c if both say so."""
    rng = np.random.default_rng(seed)
    replaced, half = rng.random(image.shape), 2.0**31 * impulse.IMPULSE_NOISE[severity - 1]
    white = rng.random(image.shape) <= 0.5
    within = replaced / impulse.IMPULSE_NOISE[severity - 1]  # less than 1 where it is replaced
    words = np.where(within <= 1, (within + white) * half, replaced * 2.0**32)
    result = image.copy()
    impulse.replace_levels(
        result.reshape(-1), words.astype(np.uint32).reshape(-1), impulse.impulse_half(severity)
    )
    return result


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NOISES)
def test_the_references_draws_give_its_pixels(name: str, severity: int) -> None:
    for kind, image in _pictures().items():
        np.testing.assert_array_equal(
            _from_the_references_draws(image, name, severity, 7),
            _reference(image, name, severity, 7),
            err_msg=kind,
        )


@pytest.mark.parametrize("name", NOISES)
def test_the_references_draws_give_its_pixels_on_a_real_frame(name: str, shared_data: Path) -> None:
    path = next((shared_data / "data" / "cityscapes_mini" / "leftImg8bit").rglob("*.png"))
    image = np.asarray(Image.open(path).convert("RGB"))[300:700, 400:1200]
    np.testing.assert_array_equal(
        _from_the_references_draws(image, name, 3, 7), _reference(image, name, 3, 7)
    )


@pytest.mark.parametrize("severity", SEVERITIES)
def test_tables_hold_the_distributions_of_scipy(severity: int) -> None:
    counts = shot.shot_edges(severity)
    means = np.arange(256)[:, np.newaxis] / 255 * shot.SHOT_NOISE[severity - 1]
    for tables, below in (
        (normal.gaussian_tables, stats.norm.cdf(normal.gaussian_edges(severity))),
        (normal.speckle_tables, stats.norm.cdf(normal.speckle_edges(severity))),
        (shot.shot_tables, stats.poisson.cdf(counts - 1, means)),
    ):
        expected = np.diff(np.asarray(below), prepend=0, append=1)
        shares = table_shares(tables(severity)) / 2**32
        np.testing.assert_allclose(shares, expected, rtol=0, atol=1.01 / 2**32)


def test_impulse_noise_takes_the_words_of_its_stream() -> None:
    image = np.random.default_rng(6).integers(0, 256, (55, 68, 3), np.uint8)
    expected, words = image.copy(), np.empty(image.size, np.uint32)
    fill_words(np.uint64(8), 0, words)
    impulse.replace_levels(expected.reshape(-1), words, impulse.impulse_half(2))
    np.testing.assert_array_equal(impulse.impulse_noise(image, 2, 8), expected)


def _histograms(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each row of an image, of one level each, became each level (256, 256)."""
    return np.stack([np.bincount(row.reshape(-1), minlength=256) for row in image])


def _two_samples(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[float, int]:
    """Return chi-square and its degrees of freedom of two equally large samples.

    Neighbouring outcomes are put together until both samples have about 40 of them.
    """
    groups = np.cumsum(first + second) // 40
    first, second = np.bincount(groups, first), np.bincount(groups, second)
    occupied = first + second > 0
    first, second = first[occupied], second[occupied]
    return float(((first - second) ** 2 / (first + second)).sum()), first.size - 1


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NOISES)
def test_every_level_is_distributed_as_in_the_reference(name: str, severity: int) -> None:
    # A row for each level, 3000 values each. Significance 1e-3 for a noise and severity in all and
    # 1e-3 / 256 for each level; draws are fixed, so this passes always or never.
    rows = np.tile(np.arange(256, dtype=np.uint8)[:, np.newaxis, np.newaxis], (1, 1000, 3))
    ours = _histograms(corrupt(rows, name, severity, seed=2))
    theirs = _histograms(_reference(rows, name, severity, 2))
    chi_squares, freedoms = np.array(list(map(_two_samples, ours, theirs))).T
    assert stats.chi2.sf(chi_squares.sum(), freedoms.sum()) > 1e-3
    testable = freedoms > 0  # black has one outcome in shot and speckle noise
    assert stats.chi2.sf(chi_squares[testable], freedoms[testable]).min() > 1e-3 / 256
    np.testing.assert_array_equal(ours[~testable], theirs[~testable])


@pytest.mark.parametrize("name", NOISES)
def test_values_are_replaced_independently_of_each_other(name: str) -> None:
    # Correlations of n values are normal with deviation 1 / sqrt(n): 5 of those, 6e-7 each.
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
def test_a_value_follows_from_its_level_and_place(name: str) -> None:
    image = np.random.default_rng(5).integers(0, 256, (70, 67, 3), np.uint8)
    function = partial(corrupt_by_module, MODULES[name], name)
    whole = function(image, 2, 2**64 - 5)
    for rows in (1, 10, 11, 41, 69):  # below, at and above multiples of a block, odd and even
        np.testing.assert_array_equal(function(image[:rows], 2, 2**64 - 5), whole[:rows])
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: function(image, 2, 2**64 - 5), range(16)):
            np.testing.assert_array_equal(result, whole)
