"""The implementation "imagecorruptions", and determinism of both implementations."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg import evaluate
from robustbench_seg.corruptions import (
    REGISTRY,
    Implementation,
    InputError,
    corrupt,
    corruption_names,
    image_key,
)
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.reference import corrupt_by_reference
from robustbench_seg.corruptions.seeding import stream_seed
from robustbench_seg.protocol.suites import load_suite

RANDOM = tuple(name for name, found in REGISTRY.items() if found.random)
DEPTH = np.linspace(3, 90, 64 * 97, dtype=np.float32).reshape(64, 97)
"""Of a picture, for the corruptions that need it."""
OF_THE_PACKAGE = tuple(dict.fromkeys(name for name, _ in load_suite("imagenet-c-all").corrupted))
DETERMINISTIC = tuple(name for name, found in REGISTRY.items() if not found.random)


def _picture(height: int = 64, width: int = 97) -> NDArray[np.uint8]:
    """Return smooth colours with some texture."""
    rows, columns = np.mgrid[0:height, 0:width]
    red = 255 * rows / height
    green = 255 * columns / width
    blue = (rows * 7 + columns * 13) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return _picture()


def test_there_are_the_19_corruptions_of_imagecorruptions() -> None:
    import imagecorruptions

    assert sorted(OF_THE_PACKAGE) == sorted(imagecorruptions.get_corruption_names("all"))
    assert corruption_names()[:19] == tuple(n for n in corruption_names() if n in OF_THE_PACKAGE)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_THE_PACKAGE)
def test_pixels_equal_imagecorruptions(name: str, picture: NDArray[np.uint8]) -> None:
    import imagecorruptions

    for severity in SEVERITIES:
        stream = stream_seed(5, image_key(picture), name, severity)
        seed = stream % 2**32
        arguments = {"seed": seed} if name in ("glass_blur", "impulse_noise") else {}
        np.random.seed(seed)  # noqa: NPY002
        expected = imagecorruptions.corrupt(picture, severity, name, **arguments)

        result = corrupt_by_reference(name, picture, severity, stream)

        np.testing.assert_array_equal(result, expected)
        assert result.dtype == np.uint8
        assert not np.array_equal(result, picture)


@pytest.mark.parametrize("name", OF_THE_PACKAGE)
def test_the_result_is_an_ordinary_new_array(name: str) -> None:
    image = _picture(40, 66)[:, ::2]  # a view with gaps, read-only
    image.flags.writeable = False
    before = image.copy()
    result = corrupt(image, name, 2, implementation="imagecorruptions")
    assert result.shape == image.shape
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert not np.shares_memory(result, image)
    np.testing.assert_array_equal(image, before)
    again = corrupt(before, name, 2, implementation="imagecorruptions")
    np.testing.assert_array_equal(result, again)


@pytest.mark.parametrize(
    ("implementation", "name"),
    [
        *(("native", name) for name in corruption_names()),
        *(("imagecorruptions", name) for name in OF_THE_PACKAGE),
    ],
)
def test_the_global_generator_is_neither_used_nor_changed(
    name: str, implementation: Implementation, picture: NDArray[np.uint8]
) -> None:
    first = corrupt(picture, name, 3, implementation=implementation)
    np.random.seed(1)  # noqa: NPY002
    np.random.normal(size=3)  # noqa: NPY002  # an odd number leaves one in its cache
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    second = corrupt(picture, name, 3, implementation=implementation)
    np.testing.assert_equal(np.random.get_state(legacy=False), before)  # noqa: NPY002
    np.testing.assert_array_equal(first, second)


def test_the_global_generator_is_restored_after_an_error(
    picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    import imagecorruptions

    def fail(*_: object) -> None:
        np.random.normal()  # noqa: NPY002
        raise MemoryError

    monkeypatch.setattr(imagecorruptions, "corrupt", fail)
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    with pytest.raises(MemoryError):
        corrupt(picture, "fog", 1, implementation="imagecorruptions")
    np.testing.assert_equal(np.random.get_state(legacy=False), before)  # noqa: NPY002


@pytest.mark.parametrize("name", RANDOM)
def test_random_corruptions_depend_on_seed_image_and_severity(
    name: str, picture: NDArray[np.uint8]
) -> None:
    made = partial(corrupt, picture, name, depth=DEPTH)
    result = made(2, seed=0, key="a")
    np.testing.assert_array_equal(result, made(2, seed=0, key="a"))
    assert not np.array_equal(result, made(2, seed=1, key="a"))
    assert not np.array_equal(result, made(2, seed=0, key="b"))
    assert not np.array_equal(result, made(3, seed=0, key="a"))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_other_corruptions_do_not_depend_on_the_seed(name: str, picture: NDArray[np.uint8]) -> None:
    made = partial(corrupt, picture, name, 2, depth=DEPTH)
    np.testing.assert_array_equal(made(seed=0), made(seed=1))


def _digests(names: tuple[str, ...]) -> dict[str, str]:
    """Return the SHA-256 of one picture under each corruption at two severities."""
    image = _picture()
    return {
        f"{name} {severity}": hashlib.sha256(corrupt(image, name, severity).tobytes()).hexdigest()
        for name in names
        for severity in (1, 4)
    }


@pytest.mark.slow
def test_another_process_in_another_order_makes_the_same_pixels() -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]; import numpy as np\n"
        "from corruptions import corruption_names\n"
        "from tests.corruptions_.test_reference import _digests\n"
        "np.random.seed(3); np.random.normal(size=7)\n"
        "print(_digests(corruption_names()[::-1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *sys.path], capture_output=True, text=True, check=True
    )
    other = dict(re.findall(r"'(\w+ \d)': '(\w+)'", run.stdout))
    assert other == _digests(corruption_names())


def test_a_run_of_a_corruption_that_the_package_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^caustic_refraction: not in the package .*'native'$"):
        evaluate(
            "b0",
            suite="imagenet-c-bar",
            implementation="imagecorruptions",
            out=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


def test_threads_take_turns(picture: NDArray[np.uint8]) -> None:
    def noisy(seed: int) -> NDArray[np.uint8]:
        return corrupt_by_reference("gaussian_noise", picture, 1, seed)

    expected = [noisy(seed) for seed in range(40)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(noisy, range(40)))
    np.testing.assert_array_equal(results, expected)


def test_spatter_without_a_drop_does_not_change_the_image() -> None:
    # imagecorruptions divides 0 by 0 there; one in eighty of the smallest images has no drop.
    image = _picture(32, 32)
    assert any(
        np.array_equal(
            corrupt(image, "spatter", 1, seed=seed, implementation="imagecorruptions"), image
        )
        for seed in range(300)
    )


def test_the_error_for_a_missing_opencv_names_both_remedies(
    picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)  # makes `import cv2` fail
    with pytest.raises(InputError, match=r"libgl1 libglib2\.0-0.*opencv-python-headless") as error:
        corrupt(picture, "fog", 1, implementation="imagecorruptions")
    assert "\n" not in str(error.value)
