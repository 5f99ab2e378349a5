"""How far a field reaches, against plain loops, closed forms and RepLKNet's procedure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from robustbench_seg.erf.extent import (
    SHARES,
    Map,
    mass_by_radius,
    moments,
    normalised,
    replknet_squares,
    squares,
)
from robustbench_seg.erf.request import Pixel
from tests.helpers import replknet


@st.composite
def maps_with_pixels(draw: st.DrawFn) -> tuple[Map, Pixel]:
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 40))
    values = draw(arrays.arrays(np.float64, (height, width), elements=st.floats(0, 4)))
    values[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] += 1
    return values, (draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1)))


@given(maps_with_pixels(), st.floats(0.01, 0.99))
@settings(max_examples=150)
def test_squares_are_the_smallest_for_any_image_and_pixel(
    case: tuple[Map, Pixel], share: float
) -> None:
    values, (y, x) = case
    share_map = normalised(values)
    (square,) = squares(values, (y, x), [share])

    def part(half: int) -> Map:
        return share_map[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1]

    half = square.side // 2
    assert square.side % 2 == 1
    assert part(half).sum() >= share - 1e-9
    assert half == 0 or part(half - 1).sum() < share + 1e-9
    assert square.area == part(half).size / values.size


@given(maps_with_pixels())
@settings(max_examples=50)
def test_mass_by_radius_counts_every_pixel_once(case: tuple[Map, Pixel]) -> None:
    values, (y, x) = case
    held = mass_by_radius(values, (y, x))
    rows, columns = np.indices(values.shape)
    distance = np.hypot(rows - y, columns - x)
    expected = [values[distance <= radius].sum() / values.sum() for radius in range(len(held))]
    np.testing.assert_allclose(held, expected, atol=1e-12)
    assert held[-1] == 1


@pytest.mark.parametrize("size", [(64, 64), (65, 65), (40, 96), (96, 40), (31, 200)])
@pytest.mark.parametrize("decay", [0.02, 0.2, 2.0])
def test_replknet_squares_are_those_of_its_procedure(size: tuple[int, int], decay: float) -> None:
    rows, columns = np.indices(size)
    distance = np.hypot(rows - size[0] // 2, columns - size[1] // 2)
    noise = np.random.default_rng(0).uniform(0.5, 1.5, size)
    average = (30 * noise * np.exp(-decay * distance)).astype(np.float32)
    expected = replknet.squares(average, SHARES)
    found = replknet_squares(average.astype(np.float64), (size[0] // 2, size[1] // 2))
    assert any(expected) == (decay > 0.02 or min(size) > 31)
    for ours, theirs in zip(found, expected, strict=True):
        if theirs is None:  # the square would leave the image; ours is clipped
            assert ours.side > min(size) - 2
        else:
            assert ours.side == theirs[0]
            assert ours.area == pytest.approx(theirs[1], rel=1e-12)


def test_replknet_squares_begin_with_a_side_of_3() -> None:
    point = np.zeros((9, 9))
    point[4, 4] = 1
    assert {square.side for square in squares(point, (4, 4))} == {1}
    assert {square.side for square in replknet_squares(point, (4, 4))} == {3}


def test_replknet_squares_lose_what_float32_loses() -> None:
    faint = np.full((9, 9), 1e-9)
    assert all(square.side == 0 for square in replknet_squares(faint, (4, 4)))
    assert all(math.isnan(square.area) for square in replknet_squares(faint, (4, 4)))
    assert squares(faint, (4, 4), [0.99])[0].side == 9
    faint[4, 4] = 1
    assert replknet_squares(faint, (4, 4), [0.99])[0].side == 3


@pytest.mark.parametrize("angle", [-60, -30, 0, 45, 90])
def test_moments_find_the_axes_of_a_gaussian(angle: float) -> None:
    rows, columns = np.indices((161, 161)) - 80.0
    turn = math.radians(angle)
    along = math.cos(turn) * columns - math.sin(turn) * rows  # rows count downwards
    across = math.sin(turn) * columns + math.cos(turn) * rows
    found = moments(np.exp(-(along**2) / (2 * 12**2) - across**2 / (2 * 6**2)), (80, 80))
    assert found.radius == pytest.approx(math.hypot(12, 6), rel=1e-6)
    assert found.anisotropy == pytest.approx((144 - 36) / (144 + 36), rel=1e-6)
    assert found.angle == pytest.approx(angle, abs=1e-4)


def test_moments_of_a_point_and_of_a_round_field() -> None:
    point = np.zeros((5, 7))
    point[2, 3] = 2
    assert moments(point, (2, 3))[:2] == (0, 0)
    ring = np.zeros((5, 5))
    ring[[0, 4, 2, 2], [2, 2, 0, 4]] = 1
    found = moments(ring, (2, 2))
    assert (found.radius, found.anisotropy) == (2, 0)
    assert math.isnan(found.angle)
    assert moments(ring[:, 2:3], (2, 0))[1:] == (1, 90)
