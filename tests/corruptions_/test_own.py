"""Corruptions of one's own: registered, of installed packages, and what they may do wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.corruptions import InputError, catalogue, corrupt, corruption, find

Image = NDArray[np.uint8]
IMAGE: Image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
PACKAGE = (
    "import numpy as np\ndef hail(image, severity):\n    return np.full_like(image, severity)\n"
)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    for name in set(catalogue.REGISTRY) - catalogue.BUILT_IN:
        del catalogue._CORRUPTIONS[name]


def drizzle(image: Image, severity: int, generator: np.random.Generator) -> Image:
    drops = generator.random(image.shape[:2]) < 0.1 * severity
    return np.where(drops[..., np.newaxis], 200, image).astype(np.uint8)


def test_a_function_becomes_a_corruption_whose_pixels_depend_on_seed_image_and_severity() -> None:
    assert corruption(category="weather")(drizzle) is drizzle
    found = find("drizzle")
    assert (found.category, found.random) == ("weather", True)
    made = corrupt(IMAGE, "drizzle", 3, seed=1)
    np.testing.assert_array_equal(made, corrupt(IMAGE, "drizzle", 3, seed=1))
    for other in (corrupt(IMAGE, "drizzle", 3, seed=2), corrupt(IMAGE, "drizzle", 2, seed=1)):
        assert (made != other).any()

    @corruption
    def unchanged(image: Image, severity: int) -> Image:
        return image

    assert not find("unchanged").random
    assert find("unchanged").category == "own"
    made = corrupt(IMAGE, "unchanged", 1)
    made[0] = 0  # it is a new array
    assert IMAGE[0].any()


def test_faults_of_a_function_are_named() -> None:
    def impure(image: Image, severity: int) -> Image:
        return np.random.default_rng().integers(0, 255, image.shape, np.uint8)

    def changes(image: Image, severity: int) -> Image:
        image += np.uint8(1)
        return image

    def floats(image: Image, severity: int) -> NDArray[np.float64]:
        return image / 255

    def crops(image: Image, severity: int) -> Image:
        return image[1:]

    def breaks(image: Image, severity: int) -> Image:
        raise RuntimeError("two\nlines")

    def exits(image: Image, severity: int) -> Image:
        raise SystemExit

    for function, words in (
        (exits, r"SystemExit: no message"),
        (impure, "other pixels for the same image and seed"),
        (changes, "changes its image; work on image.copy"),
        (floats, r"returned float64 \(8, 12, 3\) for an image uint8 \(8, 12, 3\)"),
        (crops, r"returned uint8 \(7, 12, 3\)"),
        (breaks, r"RuntimeError: two lines \(test_own.py line \d+\)"),
    ):
        corruption(function)
        with pytest.raises(InputError, match=rf"corruption {function.__name__} \(.*: .*{words}"):
            find(function.__name__).try_out(IMAGE, 1)


def test_functions_that_are_no_corruptions_are_refused() -> None:
    def fog(image: Image, severity: int) -> Image:
        return image

    def three(image: Image) -> Image:
        return image

    made = eval("lambda image, severity: image")
    for function, words in (
        (fog, "corruption fog: is the name of a built-in one"),
        (three, r"three .*expected a function of \(image, severity\)"),
        (made, "its source cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            corruption(function)
    corruption(drizzle)
    with pytest.raises(InputError, match="use 'native'"):
        corrupt(np.zeros((32, 32, 3), np.uint8), "drizzle", 1, implementation="imagecorruptions")


def test_installed_packages_register_corruptions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "storms-1.2.dist-info"
    info.mkdir()
    (tmp_path / "storms.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: storms\nVersion: 1.2\n")
    points = "hail = storms:hail\ngone = storms:gone\nfog = storms:hail\n"
    (info / "entry_points.txt").write_text(f"[robustbench_seg.corruptions]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    assert (corrupt(IMAGE, "hail", 4) == 4).all()
    assert (corrupt(IMAGE, "fog", 4) != 4).any()
    with pytest.raises(InputError, match=r"gone: storms:gone of storms 1.2 cannot be loaded"):
        find("gone")
    with pytest.raises(InputError, match=r"choose from: .*hail, gone; did you mean hail"):
        find("hial")
    monkeypatch.delitem(sys.modules, "storms")


def test_parameters_with_defaults_may_be_given() -> None:
    def haze(image: Image, severity: float, *, veil: float = 0.1) -> Image:
        return (image * (1 - veil * severity)).astype(np.uint8)

    corruption(haze)
    assert find("haze").table.names == ("veil",)
    expected = (IMAGE * 0.75).astype(np.uint8)
    np.testing.assert_array_equal(corrupt(IMAGE, "haze", 2.5), expected)
    np.testing.assert_array_equal(corrupt(IMAGE, "haze", 5, parameters={"veil": 0.05}), expected)
    with pytest.raises(InputError, match="unknown parameter 'fall'; choose from: veil"):
        corrupt(IMAGE, "haze", 5, parameters={"fall": 0.05})
