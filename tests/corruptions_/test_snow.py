"""Snow, definition and fast path, against `imagecorruptions`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.kernels import snow
from robustbench_seg.corruptions.normals import draw_normals
from robustbench_seg.corruptions.randomness import draw_words
from robustbench_seg.corruptions.weather import snow as definition
from tests.helpers.pictures import PICTURES, Pixels, differences, noise, real_frames, reference


def from_its_draws(module: ModuleType, image: Pixels, severity: int, seed: int) -> Pixels:
    """Return the snow of a module with the random numbers that imagecorruptions draws."""
    np.random.seed(seed)  # noqa: NPY002
    height, width, _ = image.shape
    normals = np.random.normal(size=(height, width))  # noqa: NPY002
    angle = np.random.uniform(-135, -45)  # noqa: NPY002
    tall, wide = definition.noise_shape(severity, height, width)
    top, left = (height - tall) // 2, (width - wide) // 2
    middle = np.ascontiguousarray(normals[top : top + tall, left : left + wide])
    result: Pixels = module.snowed(image, severity, middle, angle)
    return result


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("kind", PICTURES)
def test_its_draws_give_its_pixels(kind: str, severity: int) -> None:
    image = PICTURES[kind]
    for seed in (7, 8):
        theirs = reference(image, "snow", severity, seed)
        for module in (snow, definition):
            ours = from_its_draws(module, image, severity, seed)
            assert differences(ours, theirs).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
def test_its_draws_give_its_pixels_on_a_real_frame(severity: int, shared_data: Path) -> None:
    image = next(real_frames(shared_data))
    theirs = reference(image, "snow", severity, 3)
    assert differences(from_its_draws(snow, image, severity, 3), theirs).max() <= 1


@pytest.mark.slow
def test_its_draws_give_its_pixels_on_a_large_image() -> None:
    image = noise(1024, 2048)
    theirs = reference(image, "snow", 4, 5)
    assert differences(from_its_draws(snow, image, 4, 5), theirs).max() <= 1


@pytest.mark.parametrize("old", [1, 2, 3, 7, 20, 120, 240])
def test_zoom_equals_scipy(old: int) -> None:
    row = np.random.default_rng(old).normal(size=old)
    for zoom in (2.0, 2.5, 3.0, 4.0, 4.5):
        expected = ndimage.zoom(row, zoom, order=1)
        pairs, weights = snow.zoom_taps(old, expected.size, 0, expected.size)
        np.testing.assert_allclose((row[pairs] * weights).sum(axis=-1), expected, atol=1e-14)


def test_a_value_that_rounding_puts_behind_the_last_one_is_zero() -> None:
    outside = [
        (old, new)
        for old in range(2, 400)
        for new in (2 * old, 3 * old)
        if (new - 1) * ((old - 1) / (new - 1)) > old - 1
    ]
    assert len(outside) > 10
    for old, new in outside:
        assert ndimage.zoom(np.ones(old), new / old, order=1)[-1] == 0
        _, weights = snow.zoom_taps(old, new, new - 2, new + 3)
        np.testing.assert_allclose(weights.sum(axis=-1), [1, 0, 0, 0, 0])


def _parts(stream: int, severity: int, image: Pixels) -> tuple[NDArray[np.float32], float]:
    """Return the noise and the angle from the words of a stream."""
    words = draw_words(stream, 0, 2)
    normals = draw_normals(stream, 2, definition.noise_shape(severity, *image.shape[:2]))
    return normals, -135 + 90 * float(words.view(np.uint64)[0] >> np.uint64(11)) / 2.0**53


def test_noise_and_angle_come_from_the_stream() -> None:
    image, stream = PICTURES["gradients"], 2**64 - 9
    for severity in SEVERITIES:
        normals, angle = _parts(stream, severity, image)
        ours = snow.snow(image, severity, stream)
        np.testing.assert_array_equal(ours, snow.snowed(image, severity, normals, angle))
        exact = snow.snowed(image, severity, normals.astype(np.float64), angle)
        assert (differences(ours, exact) > 1).mean() < 1e-3


def test_angles_are_distributed_evenly() -> None:
    angles = [_parts(stream * 2**40 + 17, 1, PICTURES["noise"])[1] for stream in range(2000)]
    assert stats.kstest(angles, stats.uniform(-135, 90).cdf).pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
def test_snows_are_distributed_as_in_imagecorruptions(severity: int) -> None:
    # 150 snows each: mean, deviation, roughness both ways, brightest; significance 1e-3 each.
    image = np.full((72, 96, 3), 90, np.uint8)

    def statistics(result: Pixels) -> list[float]:
        values = result[..., 0].astype(np.float64)
        across, down = (np.abs(np.diff(values, axis=axis)).mean() for axis in (1, 0))
        return [values.mean(), values.std(), across, down, np.percentile(values, 99)]

    ours = [statistics(corrupt(image, "snow", severity, seed=seed)) for seed in range(150)]
    theirs = [statistics(reference(image, "snow", severity, seed)) for seed in range(150)]
    for our, their in zip(np.transpose(ours), np.transpose(theirs), strict=True):
        assert stats.ks_2samp(our, their).pvalue > 1e-3
