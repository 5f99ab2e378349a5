"""Gaussian filter of a plane against SciPy."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from scipy import ndimage

from robustbench_seg.corruptions.smoothing import gaussian_weights, smooth


@pytest.mark.parametrize(
    ("shape", "deviations", "truncate"),
    [
        ((40, 57), (3.0, 0.7), 4.0),
        ((33, 8), (0.4, 2.5), 3.0),
        ((200, 64), (10.24, 1.0), 3.0),
        ((1, 9), (0.01, 6.0), 4.0),  # the margin is wider than the plane
        ((1, 1), (0.01, 0.01), 3.0),
    ],
)
@pytest.mark.parametrize(("beyond", "mode"), [("symmetric", "reflect"), ("edge", "nearest")])
def test_it_equals_scipy(
    shape: tuple[int, int],
    deviations: tuple[float, float],
    truncate: float,
    beyond: Literal["symmetric", "edge"],
    mode: Literal["reflect", "nearest"],
) -> None:
    plane = np.random.default_rng(0).uniform(-1, 1, shape)
    expected = ndimage.gaussian_filter(plane, deviations, mode=mode, truncate=truncate)
    given = plane.astype(np.float32)
    result = smooth(given, deviations, truncate, beyond)
    assert smooth(given, deviations, truncate, beyond, out=given) is given
    np.testing.assert_array_equal(given, result)
    np.testing.assert_allclose(result, expected, rtol=0, atol=3e-7)


def test_the_weights_of_both_sides_sum_to_one() -> None:
    weights = gaussian_weights(5.0, 4.0)
    assert weights.size == 21
    assert weights[0] + 2 * weights[1:].sum(dtype=np.float64) == pytest.approx(1, abs=1e-7)
