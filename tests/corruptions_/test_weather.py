"""Properties of all weather: any size, any seed, any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from robustbench_seg.corruptions import corrupt, image_key
from robustbench_seg.corruptions.checks import SEVERITIES
from tests.helpers.pictures import noise

NAMES = ("snow", "spatter", "fog", "frost")


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (2, 40), (31, 31), (3, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_images_of_every_size_have_weather(name: str, size: tuple[int, int]) -> None:
    image = noise(*size)
    for severity in SEVERITIES:
        results = [corrupt(image, name, severity, seed=seed) for seed in range(8)]
        assert all(result.shape == image.shape for result in results)
        assert any(not np.array_equal(result, image) for result in results)


@pytest.mark.parametrize("name", NAMES)
def test_threads_make_the_same_weather(name: str) -> None:
    images = [noise(40 + 3 * i, 90 - 2 * i) for i in range(6)] * 3
    keys = [image_key(image) for image in images]
    one_by_one = [corrupt(i, name, 3, key=k) for i, k in zip(images, keys, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        at_once = pool.map(lambda i, k: corrupt(i, name, 3, key=k), images, keys)
        for ours, expected in zip(at_once, one_by_one, strict=True):
            np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("name", NAMES)
def test_each_seed_makes_other_weather(name: str) -> None:
    image = noise(64, 96)
    results = [corrupt(image, name, 2, seed=seed).tobytes() for seed in range(5)]
    assert len(set(results)) == 5
