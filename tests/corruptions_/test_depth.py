"""Corruptions by depth: closed forms, other implementations, and what must not change."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, ndimage

from robustbench_seg.corruptions import InputError, corrupt, depth_corruption_names
from robustbench_seg.corruptions.depth import air, focus, night, rain
from robustbench_seg.corruptions.finding import check_sizes
from robustbench_seg.corruptions.kernels import focus as fast

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.integers(0, 256, (40, 60, 3), np.uint8)
IMAGE[:4] = 240
DEPTH = np.geomspace(1, 300, 40 * 60, dtype=np.float32).reshape(40, 60)[::-1].copy()
DEPTH[:4] = np.inf
RAYS = np.mgrid[:40, :60].transpose(1, 2, 0) + 0.5 - (20, 30)  # of 60 pixels of focal length
DISTANCE = DEPTH * np.linalg.norm(np.dstack([RAYS / 60, np.ones((40, 60))]), axis=2)


def test_transmission_is_that_of_beer_and_lambert() -> None:
    depth = np.array([[0.001, 10, 100, 300, 599, 1201, np.inf]])
    for visibility in (37.5, 300):
        exact = np.exp(math.log(0.05) * depth / visibility)
        found = air.transmission(depth, visibility)
        np.testing.assert_allclose(found, exact, atol=4e-4)
        assert found[0, -1] == 0
    assert air.transmission(np.array([[150.0]]), 150)[0, 0] == pytest.approx(0.05)


def test_light_takes_the_way_along_the_ray() -> None:
    np.testing.assert_allclose(air.distance(DEPTH), DISTANCE, rtol=1e-6)
    assert air.distance(np.ones((1, 3), np.float32))[0, 1] == 1  # the axis


def test_the_air_has_the_colour_of_the_sky_and_not_of_a_lamp() -> None:
    scene = np.zeros((60, 90, 3), np.uint8)
    scene[30:50] = (150, 170, 190)
    scene[4:8, 50:54] = 255
    np.testing.assert_array_equal(air.airlight(scene), [150, 170, 190])
    noisy = RANDOM.integers(0, 99, (100, 110, 3), np.uint8)
    noisy[20:60] = RANDOM.integers(180, 250, (40, 110, 3))
    dark = ndimage.minimum_filter(noisy.min(axis=2), 15, mode="nearest").ravel().tolist()
    haziest = sorted(range(len(dark)), key=lambda place: -dark[place])[:11]  # 0.1 %
    colors = noisy.reshape(-1, 3)[haziest].tolist()
    median = sorted(colors, key=lambda rgb: np.dot(rgb, (0.2989, 0.587, 0.114)))[5]
    assert air.airlight(noisy).tolist() == median != max(colors, key=sum)


def test_fog_mixes_the_image_with_the_air() -> None:
    np.testing.assert_array_equal(air.airlight(IMAGE), [240, 240, 240])
    for severity, beta in ((1, 0.005), (2, 0.01), (3, 0.02)):  # those of Foggy Cityscapes
        share = np.exp(-beta * DISTANCE)[..., np.newaxis]
        exact = IMAGE * share + 240 * (1 - share)
        found = corrupt(IMAGE, "fog_3d", severity, depth=DEPTH)
        assert np.abs(found - exact).max() < 0.5 + 255 * 0.001  # 2.996 / 600 is no 0.005
        assert (found[:4] == 240).all()


def test_rain_is_a_veil_and_streaks_that_nearer_things_hide() -> None:
    assert rain.extinction(10) == pytest.approx(0.312e-3 * 10**0.67)
    slope = 4.1 * 50**-0.21
    number, _ = integrate.quad(lambda d: 8000 * math.exp(-slope * d), 1, 6)
    assert rain.drops(50).sum() == pytest.approx(number)

    near = np.full(DEPTH.shape, rain.NEAR, np.float32)
    share = np.exp(-rain.extinction(200) * air.distance(near))[..., np.newaxis]
    veiled = corrupt(IMAGE, "rain_3d", 5, depth=near)
    assert np.abs(veiled - (IMAGE * share + 240 * (1 - share))).max() < 0.6
    dark = np.zeros((200, 300, 3), np.uint8)
    dark[:4] = 240
    far = np.full((200, 300), 60, np.float32)
    wet = [(corrupt(dark, "rain_3d", each, depth=far) > 30).mean() for each in (1, 3, 5)]
    assert wet == sorted(wet)


def test_the_drops_of_tall_images_take_the_memory_that_is_said() -> None:
    depth = np.full((800, 100), 30, np.float32)
    rain.streaks(depth[:99], 1, 0)  # compiles
    tracemalloc.start()
    rain.streaks(depth, 500, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.8 * peak < rain.working_memory(800, 100) < 1.3 * peak
    with pytest.raises(InputError, match="32x12000 is too long and narrow for rain_3d"):
        check_sizes(depth_corruption_names(), [(12000, 32)])
    check_sizes(depth_corruption_names(), [(32, 12000), (8192, 8192), (2048, 1024)])


def test_a_streak_covers_its_area_and_is_hidden_by_what_is_nearer() -> None:
    diameter, length = 0.003, 0.02
    for slope, room in ((0.0, 0.001), (0.2, 0.03)):  # at 1 and 3 m
        away = (0.5**3 + room * (10**3 - 0.5**3)) ** (1 / 3)
        places = np.array([[room, 0.4, 0.4, 0.9]])
        thickness = np.zeros((300, 400))
        clear = np.full((300, 400), 50, np.float32)
        rain.add_streaks(places, clear, diameter, length, slope, thickness)
        opacity, scale = diameter / length, 400 / away  # pixels in a metre
        assert thickness.sum() == pytest.approx(opacity * diameter * length * scale**2)
        assert thickness.max() <= opacity * (1 + 1e-9)
        rows, columns = np.nonzero(thickness)
        top = 0.4 * (300 + length * scale) - length * scale
        assert (rows.min(), rows.max()) == (int(top), int(top + length * scale))
        assert columns.mean() == pytest.approx(160 + slope * length * scale / 2 - 0.5, abs=1)
        hidden = np.zeros((300, 400))
        wall = np.full((300, 400), away - 0.01, np.float32)
        rain.add_streaks(places, wall, diameter, length, slope, hidden)
        assert not hidden.any()


@pytest.mark.parametrize("name", ["near_focus", "far_focus"])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (40, 60), (33, 250)])
def test_the_fast_path_of_focus_is_its_definition(name: str, size: tuple[int, int]) -> None:
    image = RANDOM.integers(0, 256, (*size, 3), np.uint8)
    depth = RANDOM.uniform(0.5, 20, size).astype(np.float32)
    depth[: size[0] // 3] = np.inf
    for severity in (1, 5):
        slow, quick = (getattr(module, name)(image, depth, severity, 0) for module in (focus, fast))
        np.testing.assert_array_equal(slow, quick)


def test_what_is_in_focus_and_what_has_one_colour_stay_as_they_are() -> None:
    sharp = np.full(DEPTH.shape, 5, np.float32)
    np.testing.assert_array_equal(corrupt(IMAGE, "near_focus", 5, depth=sharp), IMAGE)
    sharp[:] = np.inf
    np.testing.assert_array_equal(corrupt(IMAGE, "far_focus", 5, depth=sharp), IMAGE)
    plain = np.full((40, 60, 3), (10, 120, 250), np.uint8)
    for name in ("near_focus", "far_focus"):
        strong = corrupt(plain, name, 5, parameters={"lens": 400}, depth=DEPTH)
        np.testing.assert_array_equal(strong, plain)


def test_a_plane_is_blurred_by_the_disc_of_a_thin_lens() -> None:
    depth = np.full(DEPTH.shape, 2, np.float32)
    radius = round(0.4 * 60 * (1 / 2 - 1e-6) / 2)
    assert radius == 6
    assert set(focus.radii(depth, 400, 1e6).ravel()) == {radius}
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = (x * x + y * y <= radius * radius).astype(float)
    disc = (disc / disc.sum())[..., np.newaxis]
    exact = ndimage.convolve(IMAGE.astype(float), disc, mode="nearest")
    found = corrupt(IMAGE, "far_focus", 5, parameters={"lens": 400}, depth=depth)
    assert np.abs(found - exact).max() <= 0.5 + 1e-6


def test_a_sharp_foreground_is_not_mixed_with_what_is_behind() -> None:
    depth = np.full(DEPTH.shape, 80, np.float32)
    depth[10:30, 20:40] = 5
    found = corrupt(IMAGE, "near_focus", 5, parameters={"lens": 800}, depth=depth)
    np.testing.assert_array_equal(found[10:30, 20:40], IMAGE[10:30, 20:40])
    assert (found[:8] != IMAGE[:8]).any()


def linear(value: NDArray[Any]) -> NDArray[Any]:
    value = value / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def encoded(light: NDArray[Any]) -> NDArray[Any]:
    light = np.minimum(light, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def test_night_multiplies_light() -> None:
    lamps = (8 / np.maximum(DISTANCE, 4)) ** 2 * night.beam(40, 60)
    light = 0.06 * np.array(night.MOON) + lamps[..., np.newaxis] * np.array(night.LAMP)
    exact = encoded(linear(IMAGE) * light)
    found = corrupt(IMAGE, "night_3d", 3, depth=DEPTH)
    assert np.abs(found - exact).max() < 0.52  # half levels are halves of light, not of numbers
    assert night.beam(40, 60)[20:, 29:31].min() > 0.99
    only_sky = corrupt(IMAGE, "night_3d", 3, parameters={"ambient": 1, "reach": 0}, depth=DEPTH)
    np.testing.assert_array_equal(only_sky[..., 2], IMAGE[..., 2])


@pytest.mark.parametrize("name", depth_corruption_names())
def test_severities_are_ordered_and_inputs_are_kept(name: str) -> None:
    before, depth = IMAGE.copy(), DEPTH.copy()
    made = [corrupt(IMAGE, name, severity, depth=DEPTH) for severity in (1, 2.5, 5)]
    change = [np.abs(each.astype(int) - IMAGE).mean() for each in made]
    assert change == sorted(change)
    assert (before == IMAGE).all()
    assert (depth == DEPTH).all()


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        (None, "fog_3d: needs depth"),
        (DEPTH[:5], r"depth: expected \(40, 60\), the image's size; got \(5, 60\)"),
        (np.ones(DEPTH.shape, int), "depth: expected floats, metres .*; got int64"),
        (np.where(DEPTH > 9, np.nan, DEPTH), "depth: expected metres above 0 or infinity"),
        (0 * np.ones_like(DEPTH), "depth: expected metres above 0 or infinity"),
    ],
)
def test_bad_depth_is_refused(depth: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        corrupt(IMAGE, "fog_3d", 1, depth=depth)
