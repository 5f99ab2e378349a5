"""Fog, definition and fast path, against `imagecorruptions`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.kernels import fog
from robustbench_seg.corruptions.randomness import fill_words
from robustbench_seg.corruptions.weather import fog as definition
from tests.helpers.pictures import PICTURES, Pixels, differences, noise, real_frames, reference


def landscape_from_its_draws(smallest_side: int, decay: float, seed: int) -> NDArray[np.float32]:
    """Return our landscape with the random numbers that imagecorruptions draws, by levels."""
    np.random.seed(seed)  # noqa: NPY002
    heights, largest = np.zeros((2, 2), np.float32), 1.0
    while len(heights) - 1 < smallest_side:
        side = len(heights) - 1
        draws = np.random.uniform(-(2.0**31), 2.0**31, (3, side, side))  # noqa: NPY002
        words = draws.astype(np.int32).view(np.uint32)
        heights = refined(heights, words, np.float32(largest * fog.WORD_SCALE))
        largest /= decay * decay
    return heights


def refined(
    coarse: NDArray[np.float32], words: NDArray[np.uint32], amplitude: np.float32
) -> NDArray[np.float32]:
    side = len(coarse) - 1
    squares = np.empty_like(coarse)
    fine = np.empty((2 * side + 1, 2 * side + 1), np.float32)
    for y in range(side):
        fog.fill_squares(coarse[y], coarse[y + 1], words[0, y], amplitude, squares[y + 1])
    squares[0] = squares[side]
    for y in range(side):
        lattice, between = (coarse[y], coarse[y + 1]), (squares[y], squares[y + 1])
        of_row = np.ascontiguousarray(words[1:, y])
        fog.fill_diamonds(lattice, between, of_row, amplitude, (fine[2 * y], fine[2 * y + 1]))
    fine[2 * side] = fine[0]
    return fine


def from_its_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    density, decay = definition.FOG.at(severity)
    heights = landscape_from_its_draws(max(image.shape), decay, seed)
    result = image.copy()
    fog.mix(result.reshape(len(result), -1), heights, density)
    return result


@pytest.mark.parametrize("severity", SEVERITIES)
def test_its_draws_give_its_pixels(severity: int) -> None:
    for kind, image in PICTURES.items():
        theirs = reference(image, "fog", severity, 7)
        assert differences(from_its_draws(image, severity, 7), theirs).max() <= 1, kind


def test_its_draws_give_its_pixels_on_a_large_image() -> None:
    image = noise(1024, 2048)
    theirs = reference(image, "fog", 5, 8)
    assert differences(from_its_draws(image, 5, 8), theirs).max() <= 1


def test_its_draws_give_its_pixels_on_a_real_frame(shared_data: Path) -> None:
    image = next(real_frames(shared_data))
    for severity in SEVERITIES:
        theirs = reference(image, "fog", severity, 9)
        assert differences(from_its_draws(image, severity, 9), theirs).max() <= 1


@pytest.mark.parametrize("severity", SEVERITIES)
def test_our_draws_give_imagecorruptions_our_pixels(
    severity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = 2**64 - 77

    def levels() -> Iterator[NDArray[np.float64]]:
        """Yield the squares and the two kinds of diamonds of every level, from -1 to 1."""
        side = 1
        while True:
            words = np.empty(3 * side * max(side, 2), np.uint32)
            fill_words(np.uint64(stream), 4 * side * side, words)
            yield from words.view(np.int32).reshape(3, side, -1)[..., :side] / 2.0**31
            side *= 2

    draws = levels()

    def uniform(low: float, high: float, size: tuple[int, int]) -> NDArray[np.float64]:
        draw = next(draws)
        assert (low, draw.shape) == (-high, size)
        return high * draw

    image = PICTURES["gradients"]
    monkeypatch.setattr(np.random, "uniform", uniform)
    theirs = reference(image, "fog", severity)
    for module in (fog, definition):
        assert differences(module.fog(image, severity, stream), theirs).max() <= 1


@pytest.mark.parametrize("severity", [1, 5])
def test_fogs_are_distributed_as_in_imagecorruptions(severity: int) -> None:
    # 250 fogs each: density, unevenness, roughness; significance 1e-3 each.
    image = np.full((48, 64, 3), 90, np.uint8)

    def statistics(result: Pixels) -> list[float]:
        values = result[..., 0].astype(np.float64)
        steps = np.abs(np.diff(values, axis=1)).mean() + np.abs(np.diff(values, axis=0)).mean()
        return [values.mean(), values.std(), steps, values[20, 30], values.max()]

    ours = [statistics(corrupt(image, "fog", severity, seed=seed)) for seed in range(250)]
    theirs = [statistics(reference(image, "fog", severity, seed)) for seed in range(250)]
    for our, their in zip(np.transpose(ours), np.transpose(theirs), strict=True):
        assert stats.ks_2samp(our, their).pvalue > 1e-3


def test_a_landscape_is_a_torus() -> None:
    for side in (1, 2, 3, 64):
        heights = fog.landscape(side, 2.0, 3)
        assert len(heights) - 1 == {1: 1, 2: 2, 3: 4, 64: 64}[side]
        np.testing.assert_array_equal(heights[-1], heights[0])
        np.testing.assert_array_equal(heights[:, -1], heights[:, 0])
        assert heights[0, 0] == 0
        expected = definition.landscape(side, 2.0, 3)
        np.testing.assert_allclose(heights[:-1, :-1], expected, rtol=0, atol=1e-6)


def test_black_stays_black_and_white_stays_bright() -> None:
    assert not corrupt(PICTURES["black"], "fog", 3).any()
    image = np.full((64, 64, 3), 255, np.uint8)
    assert corrupt(image, "fog", 3).max() >= 250
