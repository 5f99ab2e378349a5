"""Intervals and p-values against scipy, exhaustive definitions, and simulated runs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.scores import statistics


# A deadline would time the machine, not the code.
def test_weights_are_those_of_draws_with_replacement() -> None:
    weights = statistics.draw_weights(50, 4000, seed=3)
    assert weights.shape == (4000, 50)
    assert (weights.sum(axis=1) == 50).all()
    # Each weight is binomial (50, 1 / 50), with variance 0.98; the mean is 1 by construction.
    assert weights.mean() == 1
    assert weights.var() == pytest.approx(0.98, abs=0.02)
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.06
    np.testing.assert_array_equal(weights, statistics.draw_weights(50, 4000, seed=3))
    assert not np.array_equal(weights, statistics.draw_weights(50, 4000, seed=4))
    np.testing.assert_array_equal(weights[:10], statistics.draw_weights(50, 10, seed=3))


def test_weights_are_the_same_on_every_machine() -> None:
    expected = [[2, 1, 0, 1, 1, 1], [1, 0, 0, 2, 2, 1], [1, 1, 0, 1, 1, 2]]
    np.testing.assert_array_equal(statistics.draw_weights(6, 3), expected)


def test_sums_are_exact() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 2**31, (300, 2, 3)).astype(np.int64)
    weights = statistics.draw_weights(300, 40)
    expected = np.tensordot(weights.astype(np.int64), counts, axes=1)
    assert expected.max() > 2**38
    sums = statistics.weighted_sums(weights, counts)
    np.testing.assert_array_equal(sums.astype(np.int64), expected)
    assert (sums == sums.astype(np.int64)).all()


def test_counts_of_a_group_are_added_up() -> None:
    counts = np.arange(12).reshape(4, 3)
    sums = statistics.group_sums(counts, ["b", "a", "b", "c"])
    np.testing.assert_array_equal(sums, [counts[0] + counts[2], counts[1], counts[3]])


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=9),
        elements=st.one_of(st.floats(-1, 1), st.just(float("nan"))),
    )
)
def test_an_interval_is_quantiles_of_the_defined_samples(samples: NDArray[np.float64]) -> None:
    low, high = statistics.interval(samples, 0.8)
    for end, share in ((low, 0.1), (high, 0.9)):
        flat = samples.reshape(len(samples), -1)
        expected = [
            np.quantile(column[~np.isnan(column)], share) if not np.isnan(column).all() else np.nan
            for column in flat.T
        ]
        np.testing.assert_allclose(end.ravel(), expected, atol=1e-12)


@pytest.mark.parametrize("images", [5, 12, 60])
def test_intervals_are_those_of_scipy(images: int) -> None:
    rng = np.random.default_rng(images)
    truth = rng.integers(100, 1000, images)
    hits = (truth * rng.uniform(0.3, 0.9, images)).astype(np.int64)
    predicted = hits + rng.integers(0, 300, images)

    def iou(hits: NDArray[np.int64], truth: NDArray[np.int64], predicted: NDArray[np.int64]):  # type: ignore[no-untyped-def]
        sums = [part.sum(axis=-1) for part in (hits, truth, predicted)]
        return sums[0] / (sums[1] + sums[2] - sums[0])

    theirs = stats.bootstrap(
        (hits, truth, predicted),
        iou,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=10_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    counts = np.stack([hits, truth, predicted], axis=1)
    sums = statistics.weighted_sums(statistics.draw_weights(images, 10_000), counts)
    low, high = statistics.interval(sums[:, 0] / (sums[:, 1] + sums[:, 2] - sums[:, 0]))
    width = theirs.high - theirs.low
    # Two samples of 10,000 have quantiles that differ by about 2 % of the width.
    assert low == pytest.approx(theirs.low, abs=0.05 * width)
    assert high == pytest.approx(theirs.high, abs=0.05 * width)


def test_sign_flips_are_all_or_a_sample() -> None:
    flips = statistics.sign_flips(4)
    both = {tuple(row) for row in np.concatenate([flips, 1 - flips])}  # each with its opposite
    assert (flips.shape, len(both)) == ((8, 4), 16)
    assert statistics.sign_flips(14).shape == (2**13, 14)
    sample = statistics.sign_flips(15)
    assert sample.shape == (2**13, 15)
    assert sample.mean() == pytest.approx(0.5, abs=0.005)
    assert np.abs(sample.mean(axis=0) - 0.5).max() < 0.03
    for rows in (flips, sample):
        assert not rows[0].any()


def test_sign_flips_are_the_same_on_every_machine() -> None:
    expected = ["000000000000000", "011000010110110", "011100111111101"]
    rows = ["".join(map(str, row)) for row in statistics.sign_flips(15)[:3]]
    assert rows == expected


def test_p_values_by_hand() -> None:
    nan = np.nan
    observed = np.array([2.0, -2.0, 0.0, nan, 2.0])
    others = [[1, 1, 0, 1, nan], [-2 + 1e-14, 3, 1, 1, 1], [0, 0, 1, 1, 1]]
    differences = np.stack([observed, *np.array(others, float)])
    np.testing.assert_allclose(statistics.p_value(differences), [0.5, 0.5, 1, nan, 0.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(values: list[float]) -> None:
    """A hypothesis is rejected if every intersection that it is in is, by Bonferroni's test."""
    numbers = range(len(values))
    expected = [
        max(
            min(1.0, len(chosen) * min(values[i] for i in chosen))
            for size in range(1, len(values) + 1)
            for chosen in combinations(numbers, size)
            if number in chosen
        )
        for number in numbers
    ]
    np.testing.assert_allclose(statistics.holm(np.array(values)), expected, rtol=1e-12)


def test_holm_leaves_out_nan() -> None:
    values = np.array([0.01, np.nan, 0.03, 0.04])
    np.testing.assert_allclose(statistics.holm(values), [0.03, np.nan, 0.06, 0.06])
