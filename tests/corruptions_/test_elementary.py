"""Sine, direction, power and Fourier transform against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.corruptions.elementary import direction, power, sine
from robustbench_seg.corruptions.fourier import inverse_transform

sines, directions, powers = (np.vectorize(each, [float]) for each in (sine, direction, power))


def points(count: int, scale: float) -> NDArray[np.float64]:
    """Return points (2, count) around the origin, near and far."""
    rng = np.random.default_rng(3)
    found: NDArray[np.float64] = rng.normal(size=(2, count)) * scale ** rng.normal(size=(2, count))
    return found


def test_a_sine_is_numpys() -> None:
    turns = np.concatenate([points(20_000, 9.0)[0], np.arange(-3, 3, 0.125)])
    exact = np.sin(2 * np.pi * (turns - np.round(turns)))
    np.testing.assert_allclose(sines(turns), exact, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(np.abs(sines(np.arange(-8, 8) / 4)), [0, 1] * 8)


def test_a_direction_is_numpys() -> None:
    x, y = points(20_000, 99.0)
    exact = np.arctan2(y, x) / (2 * np.pi)
    np.testing.assert_allclose(directions(x, y), exact, rtol=0, atol=2e-16)
    axes = directions([0, 1, 0, -1, 0, 1.0], [0, 0, 1, 0, -1, 1.0])
    np.testing.assert_allclose(axes, [0, 0, 0.25, 0.5, -0.25, 0.125], rtol=0, atol=0)


def test_a_power_is_numpys() -> None:
    base, exponent = points(20_000, 99.0)
    base = np.abs(base)
    logarithm = exponent * np.log(base)
    base, exponent, logarithm = (
        each[np.abs(logarithm) < 700] for each in (base, exponent, logarithm)
    )
    error = np.abs(powers(base, exponent) / base**exponent - 1)
    assert (error / (1 + np.abs(logarithm))).max() < 1e-15
    assert powers(1.0, 0.3) == 1.0


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 5), (8, 16), (61, 83), (37, 64)])
def test_a_transform_is_numpys(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    plane = rng.normal(size=(2, *size))
    exact = np.fft.ifft2(plane[0] + 1j * plane[1]) * plane[0].size
    inverse_transform(plane)
    np.testing.assert_allclose(plane[0] + 1j * plane[1], exact, rtol=0, atol=1e-11)
