"""What all the weather has in common: any image, no OpenCV, and the same pixels everywhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from weather_oracle import gradients, noise

from corruptions import corrupt, image_key
from corruptions.catalogue import OURS
from corruptions.checks import SEVERITIES

NAMES = ("snow", "spatter", "fog", "frost")

PINNED = {
    "snow": "d5205494861e fcacebc234a5 cb7fe10d27c4 b7ba1b004c77 ee21bd8b7ad8",
    "spatter": "7e8aea4dbcf8 cc117efc186f dab07dc8d27b 832b6ebd6d58 2f964450dbe7",
    "fog": "99587102a225 2f0b0374f47d 8fcff23901f6 dcbd6419c924 c9bd137ce785",
    "frost": "e406ffa3c906 4b5bb95354c4 26df35e178da 22cccedf2d9b efa66c98faa1",
}
"""A change of these is a change of the benchmark."""


def digests() -> dict[str, str]:
    """Return the first digits of the SHA-256 of two small pictures in each weather, by severity."""
    images = (gradients(61, 83), np.full((40, 133, 3), (30, 90, 160), np.uint8))
    return {
        name: " ".join(
            hashlib.sha256(
                b"".join(corrupt(image, name, severity, seed=4).tobytes() for image in images)
            ).hexdigest()[:12]
            for severity in SEVERITIES
        )
        for name in PINNED
    }


def test_the_pixels_are_pinned() -> None:
    assert digests() == PINNED


def _environment(changes: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_NUM_THREADS": "1"},
        {
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
            "JSIMD_FORCENONE": "1",
            "NUMBA_NUM_THREADS": "2",
        },
    ],
    ids=["generic-code", "no-vectors"],
)
def test_the_pixels_do_not_depend_on_the_processor(changes: dict[str, str]) -> None:
    program = "import test_corruptions_weather as t; print(t.digests() == t.PINNED)"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=_environment(changes),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "True"


def test_they_load_neither_opencv_nor_the_package() -> None:
    assert {name for each in OURS if each.startswith("weather.") for name in OURS[each]} == {*NAMES}
    program = (
        "import sys; sys.modules.update(cv2=None)\n"
        "import numpy as np; from corruptions import corrupt\n"
        f"for name in {NAMES}: corrupt(np.zeros((32, 32, 3), np.uint8), name, 1)\n"
        "assert 'imagecorruptions' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=_environment({}))


@pytest.mark.parametrize("name", NAMES)
def test_the_result_is_an_ordinary_new_array(name: str) -> None:
    wide = noise(40, 66)
    with_gaps, bgr, transposed = wide[:, ::2], wide[..., ::-1], wide.transpose(1, 0, 2)
    read_only = wide.copy()
    read_only.flags.writeable = False
    for image in (wide, with_gaps, bgr, transposed, read_only):
        before, writeable = image.copy(), image.flags.writeable
        result = corrupt(image, name, 4)
        assert result.shape == image.shape
        assert result.dtype == np.uint8
        assert result.flags.c_contiguous
        assert result.flags.writeable
        assert not np.shares_memory(result, image)
        np.testing.assert_array_equal(image, before)
        assert image.flags.writeable == writeable
        np.testing.assert_array_equal(result, corrupt(before, name, 4))


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
def test_seeds_make_other_weather(name: str) -> None:
    image = noise(64, 96)
    results = [corrupt(image, name, 2, seed=seed).tobytes() for seed in range(5)]
    assert len(set(results)) == 5
