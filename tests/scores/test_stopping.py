"""Stopping early: what a target needs, and how often a difference is wrongly decided."""

from __future__ import annotations

from math import inf, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_seg.scores.stopping import (
    Decision,
    boundary,
    needed_share,
)


def test_the_needed_share_gives_the_target() -> None:
    def width(share: float) -> float:
        return 0.02 * sqrt(1 / share - 1)

    for target in (0.001, 0.01, 0.03):
        assert width(needed_share(width(0.1), 0.1, target)) == pytest.approx(target)
    assert needed_share(0.004, 0.1, 0.005) < 0.1  # reached
    assert needed_share(0, 1, 0.005) == 0


@given(st.floats(1e-4, 0.1), st.floats(0.01, 0.99), st.floats(1e-6, 0.1))
def test_no_target_needs_more_than_all(half_width: float, share: float, target: float) -> None:
    assert 0 < needed_share(half_width, share, target) <= 1


def test_a_pilot_tells_what_a_larger_run_needs() -> None:
    # 10 of 100 cells with 0.02; of many more cells, 40 have half of that, but for the last factor.
    share = needed_share(0.02, 0.1, 0.01, size=10**6)
    assert share * 10**8 == pytest.approx(40 / (1 - 0.1), rel=1e-4)
    assert needed_share(0.02, 0.1, 0.02) == pytest.approx(0.1)


def test_the_boundary_is_that_of_the_mixture() -> None:
    # |W| <= sqrt((u + r)(log((u + r) / r) + 2 log(20))) at information u = 1 / variance.
    error, mixing = 0.002, (3 / 0.005) ** 2 / (2 * log(20) + log(1 + 2 * log(20)))
    u = 1 / error**2
    expected = sqrt((u + mixing) * (log((u + mixing) / mixing) + 2 * log(20))) / u
    assert boundary(error) == pytest.approx(expected)
    assert boundary(0.005 / 3) / (0.005 / 3) == pytest.approx(3.0, abs=0.05)
    assert boundary(0) == 0
    assert boundary(nan) == inf


@pytest.mark.parametrize(
    ("difference", "reach", "differ", "alike"),
    [
        (0.02, 0.01, True, False),
        (-0.02, 0.01, True, False),
        (0.001, 0.003, False, True),
        (0.003, 0.002, True, True),
        (0.01, 0.02, False, False),
    ],
)
def test_decisions(difference: float, reach: float, differ: bool, alike: bool) -> None:
    found = Decision(difference, difference - reach, difference + reach)
    assert (found.differ, found.alike, found.decided) == (differ, alike, differ or alike)


def test_equal_models_are_seldom_called_different_however_often_one_looks() -> None:
    rng = np.random.default_rng(0)
    cells, runs, wrong = 1000, 2000, 0
    looks = np.arange(20, cells + 1, 20)
    for _ in range(runs):
        noise = rng.normal(0, 0.03, cells)
        noise -= noise.mean()  # the complete run shows no difference
        means = noise.cumsum()[looks - 1] / looks
        errors = noise.std() * np.sqrt(1 / looks - 1 / cells)
        wrong += any(
            abs(mean) > boundary(error) + 1e-12 for mean, error in zip(means, errors, strict=True)
        )
    assert wrong / runs < 0.05
