"""Normal random numbers against SciPy's distribution, and against the formula."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.corruptions.normals import _box_muller, draw_normals
from robustbench_seg.corruptions.randomness import draw_words

MANY = 4_000_000


@pytest.fixture(scope="module")
def sample() -> NDArray[np.float64]:
    return draw_normals(11, 0, (MANY,)).astype(np.float64)


# The streams are fixed, so results are always the same; significance 1e-3 each.


@pytest.mark.slow
def test_they_are_distributed_normally(sample: NDArray[np.float64]) -> None:
    assert stats.kstest(sample, "norm").pvalue > 1e-3


def test_their_moments_are_those_of_normals(sample: NDArray[np.float64]) -> None:
    # The variance of the mean of x^k is (E x^2k - (E x^k)^2) / N.
    for power, mean, second in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105), (6, 15, 10395)):
        deviation = ((second - mean**2) / sample.size) ** 0.5
        assert abs((sample**power).mean() - mean) < 3.3 * deviation, power


@pytest.mark.parametrize("edge", [2.0, 3.0, 4.0, 4.75])
def test_their_tails_are_those_of_normals(edge: float, sample: NDArray[np.float64]) -> None:
    for count in ((sample > edge).sum(), (sample < -edge).sum()):
        assert stats.binomtest(int(count), sample.size, stats.norm.sf(edge)).pvalue > 1e-3


def test_they_are_independent(sample: NDArray[np.float64]) -> None:
    for lag in (1, 2, 3, 2048, 4096):
        assert abs((sample[lag:] * sample[:-lag]).mean()) < 3.3 / sample.size**0.5, lag
    pairs = sample.reshape(-1, 2)  # each from one pair of words
    directions = np.arctan2(pairs[:, 1], pairs[:, 0]) / (2 * np.pi) + 0.5
    assert stats.kstest(directions, "uniform").pvalue > 1e-3
    squares = (pairs**2 - 1).prod(axis=1).mean() / 2
    assert abs(squares) < 3.3 / len(pairs) ** 0.5


def test_each_pair_comes_from_its_pair_of_words() -> None:
    words = draw_words(5, 0, 200_000)
    pairs = draw_normals(5, 0, words.shape).astype(np.float64).reshape(-1, 2)
    uniform = (words[::2] // 2 + 0.5) / 2.0**31
    distances = np.sqrt(-2 * np.log(uniform))
    # 1 / distance: float32 holds a uniform number near 1 to 2**-25.
    error = np.abs(np.hypot(*pairs.T) - distances)
    assert (error < 1e-6 + 2.0**-24 / distances).all()


def test_a_normal_depends_only_on_its_number() -> None:
    whole = draw_normals(2**64 - 3, 0, (10_000,))
    for start, count in ((0, 9_999), (2, 1), (2048, 7), (4000, 5_001)):
        part = draw_normals(2**64 - 3, start, (count,))
        np.testing.assert_array_equal(part, whole[start : start + count])


def test_all_words_make_finite_normals() -> None:
    extremes = [0, 1, 2, 2**30, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]
    words = np.array([(u, v) for u in extremes for v in extremes], np.uint32).reshape(-1)
    result = np.empty(words.size, np.float32)
    _box_muller(words, result)
    assert np.isfinite(result).all()
    assert 6.6 < np.abs(result).max() < 6.7
    of_nearest = result.reshape(-1, 2)[[-1, -2]]
    assert (np.abs(of_nearest) < 1e-3).all()


def test_they_are_pinned() -> None:
    digest = hashlib.sha256(draw_normals(1, 0, (100_001,)).tobytes()).hexdigest()
    assert digest == "4e6291381c7ffadd9c626f331f97b7464f6e8529b8c5080c2c08431b2accfdf9"
