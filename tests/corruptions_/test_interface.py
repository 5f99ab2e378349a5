"""Public interface of `corruptions`: invalid arguments, catalogue, seeds, imports, any image."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustbench_seg.corruptions import (
    REGISTRY,
    Corruption,
    Implementation,
    InputError,
    catalogue,
    corrupt,
    corruption_names,
    find,
    image_key,
)
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.reference import corrupt_by_reference
from robustbench_seg.corruptions.seeding import stream_seed

BLACK = np.zeros((32, 33, 3), np.uint8)


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]; import corruptions\n"
        "corruptions.image_key\n"
        "heavy = 'cv2 numba imagecorruptions scipy skimage PIL torch pandas'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *sys.path], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ([[1, 2]], "NumPy array, got list"),
        (None, "NumPy array, got NoneType"),
        (BLACK.astype(np.float32), r"got float32; .*\(255 \* image\)\.round"),
        (BLACK.astype(np.float64), r"got float64; .*\(255 \* image\)\.round"),
        (BLACK > 0, r"got bool; for black and white, use 255 \* image\.astype"),
        (BLACK.astype(np.int64) - 1, "got int64; the values are -1 to -1: scale them to 0 to 255$"),
        (BLACK.astype(np.uint32) + 65536, "got uint32; the values are 65536 to .*: scale them to"),
        (BLACK.astype(np.float32) * np.nan, "got float32; give real numbers from 0 to 255$"),
        (BLACK.astype(np.float32)[:0], "got float32; give real numbers from 0 to 255$"),
        (BLACK.astype(object), "got object; give real numbers from 0 to 255$"),
        (BLACK.astype(np.complex64), "got complex64; give real numbers from 0 to 255$"),
        (np.zeros((32, 32, 4), np.uint8), r"\(32, 32, 4\); .*image\[\.\.\., :3\]"),
        (np.zeros((32, 32, 2), np.uint8), r"got \(32, 32, 2\)$"),
        (np.zeros((2, 32, 32, 3), np.uint8), r"got \(2, 32, 32, 3\)$"),
        (np.zeros(32, np.uint8), r"got \(32,\)$"),
        (np.zeros((), np.uint8), r"got \(\)$"),
        (BLACK[:0], r"\(0, 33, 3\) has no pixel"),
        (BLACK[:, :0, 0], r"\(32, 0\) has no pixel"),
    ],
)
@pytest.mark.parametrize("implementation", ["native", "imagecorruptions"])
def test_other_images_are_refused(
    image: object, words: str, implementation: Implementation
) -> None:
    with pytest.raises(InputError, match=words) as error:
        corrupt(image, "fog", 1, implementation=implementation)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=words):
        image_key(image)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.int64, np.float32, np.float64, np.bool_])
def test_the_advice_for_other_images_keeps_what_they_show(kind: type[np.generic]) -> None:
    shown = np.random.default_rng(0).integers(0, 256, (32, 33, 3), np.uint8)
    images = [shown.astype(kind)]
    if kind is np.bool_:
        shown = np.where(shown > 99, 255, 0).astype(np.uint8)
        images = [shown > 0]
    else:
        images.append((shown.astype(np.float64) * 257).astype(kind))  # of 16 bits
        if np.issubdtype(kind, np.floating):
            images.append((shown / 255).astype(kind))
    for image in images:
        with pytest.raises(InputError) as error:
            corrupt(image, "fog", 1)
        advice = str(error.value).rpartition("use ")[2]
        np.testing.assert_array_equal(eval(advice, {"numpy": np, "image": image}), shown)


@pytest.mark.parametrize("seed", [None, 1.9, "1", (1,)])
def test_other_seeds_are_refused(seed: object) -> None:
    with pytest.raises(InputError, match="seed: expected an integer, got"):
        corrupt(BLACK, "fog", 1, seed=seed)  # type: ignore[arg-type]
    assert (corrupt(BLACK, "fog", 1, seed=np.int64(3)) == corrupt(BLACK, "fog", 1, seed=3)).all()  # type: ignore[arg-type]


def test_the_order_of_imagecorruptions_is_named() -> None:
    with pytest.raises(InputError, match=r"use corrupt\(image, 'fog', 3\)"):
        corrupt(BLACK, 3, "fog")  # type: ignore[arg-type]


def test_imagecorruptions_refuses_small_images() -> None:
    for image, size in ((BLACK[:31], "33 x 31"), (BLACK[:, :31], "31 x 32")):
        with pytest.raises(InputError, match=f"{size} pixels .* needs 32 a side.*'native'"):
            corrupt(image, "contrast", 1, implementation="imagecorruptions")


def test_other_implementations_are_refused() -> None:
    with pytest.raises(InputError, match=r"'theirs'; choose from: native, imagecorruptions"):
        corrupt(BLACK, "fog", 1, implementation="theirs")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["motion_blur", "impulse_noise", "contrast", "fog"])
def test_imagecorruptions_can_be_chosen(name: str) -> None:
    image = np.random.default_rng(3).integers(0, 256, (32, 40, 3), np.uint8)
    stream = stream_seed(6, image_key(image), name, 4)
    np.testing.assert_array_equal(
        corrupt(image, name, 4, seed=6, implementation="imagecorruptions"),
        corrupt_by_reference(name, image, 4, stream),
    )


@pytest.mark.parametrize(
    "severity", [0, 5.5, 6, -1, 2.125, math.nan, math.inf, "3", None, True, False, (1,)]
)
def test_other_severities_are_refused(severity: object) -> None:
    with pytest.raises(InputError, match="from 1 to 5"):
        corrupt(BLACK, "fog", severity)  # type: ignore[arg-type]


def test_the_error_for_an_unknown_name_lists_the_closest_and_all() -> None:
    with pytest.raises(InputError, match=r"'frogg'; .*; did you mean fog\?$") as error:
        corrupt(BLACK, "frogg", 1)
    assert all(name in str(error.value) for name in corruption_names())


@pytest.mark.parametrize("name", [None, 3, ("fog",), ["fog"], ""])
def test_the_error_for_an_invalid_name_lists_all(name: object) -> None:
    with pytest.raises(
        InputError, match=r"choose from: motion_blur, defocus_blur, .* checkerboard_cutout"
    ):
        corrupt(BLACK, name, 1)  # type: ignore[arg-type]


def test_a_numpy_severity_is_a_severity() -> None:
    for severity in (np.int64(2), np.float64(2), 2.0):
        found = corrupt(BLACK, "shot_noise", severity)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found, corrupt(BLACK, "shot_noise", 2))


def test_every_corruption_has_one_category() -> None:
    blurs, weather = ("motion", "defocus", "glass", "gaussian", "zoom"), ("snow", "spatter")
    expected = {
        "blur": tuple(f"{each}_blur" for each in blurs),
        "noise": ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
        "digital": (
            *("brightness", "contrast", "saturate", "jpeg_compression"),
            *("pixelate", "elastic_transform"),
        ),
        "weather": (*weather, "fog", "frost"),
        "distortion": ("caustic_refraction",),
        "additive": (
            *("inverse_sparkles", "sparkles", "perlin_noise", "plasma_noise"),
            *("cocentric_sine_waves", "single_frequency_greyscale", "brownish_noise"),
        ),
        "obscure": ("blue_noise_sample", "checkerboard_cutout"),
    }
    assert corruption_names() == tuple(name for names in expected.values() for name in names)
    for category, names in expected.items():
        assert {find(name).category for name in names} == {category}


def test_a_name_cannot_be_registered_twice() -> None:
    with pytest.raises(ValueError, match="'fog' is registered twice"):
        catalogue.register(Corruption("fog", "weather", __name__, random=False))


def test_the_registry_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        REGISTRY["mist"] = REGISTRY["fog"]  # type: ignore[index]


def test_the_image_key_depends_on_shape_and_pixels() -> None:
    image = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)
    key = image_key(image)
    assert key == image_key(np.asfortranarray(image)) == image_key(image.copy())
    assert key != image_key(image.reshape(4, 6, 3))
    changed = image.copy()
    changed[5, 3, 2] += 1
    assert key != image_key(changed)
    with pytest.raises(InputError, match="uint8"):
        image_key(image.astype(np.int64))


def test_the_key_can_be_passed() -> None:
    image = np.full((32, 32, 3), 90, np.uint8)
    expected = corrupt(image, "shot_noise", 3, seed=2)
    np.testing.assert_array_equal(
        corrupt(image, "shot_noise", 3, seed=2, key=image_key(image)), expected
    )


def test_keys_and_seeds_are_the_same_on_every_machine() -> None:
    image = np.arange(32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(32, 32, 3)
    # $ python -c "..." | sha256sum, with the bytes of the shape and then those of the image
    assert image_key(image) == "236360dffd85c14dbc285ab130e11263"
    # $ printf '7\nabc\nfog\n3' | sha256sum
    assert stream_seed(7, "abc", "fog", 3) == 0x7FC5B503A1C867EC


def test_no_two_conditions_share_a_seed() -> None:
    arguments = [
        (seed, key, name, severity)
        for seed in (0, 1, 10)
        for key in ("", "0", "1", "10")
        for name in ("fog", "frost")
        for severity in (1, 2)
    ]
    assert len({stream_seed(*each) for each in arguments}) == len(arguments)


def picture(height: int, width: int) -> NDArray[np.uint8]:
    """Return noise with a black and a white corner, both small."""
    image = np.random.default_rng(height * 71 + width).integers(0, 256, (height, width, 3))
    image[: height // 3, : width // 3] = 0
    image[height - height // 3 :, width - width // 3 :] = 255
    return image.astype(np.uint8)


sides = st.integers(1, 70)


@pytest.mark.slow
@pytest.mark.parametrize("name", corruption_names())
@settings(max_examples=15)
@given(height=sides, width=sides, severity=st.sampled_from(SEVERITIES))
def test_every_size_is_corrupted(name: str, height: int, width: int, severity: int) -> None:
    image = picture(height, width)
    image.flags.writeable = False
    before = image.copy()
    result = corrupt(image, name, severity, key="a")
    assert result.shape == (height, width, 3)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert not np.shares_memory(result, image)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(result, corrupt(before, name, severity, key="a"))


@pytest.mark.parametrize("name", corruption_names())
def test_the_smallest_sizes_are_corrupted(name: str) -> None:
    for height, width in ((1, 1), (1, 2), (2, 1), (1, 70), (70, 1), (2, 2), (3, 3)):
        for severity in SEVERITIES:
            assert corrupt(picture(height, width), name, severity).shape == (height, width, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", corruption_names())
def test_every_layout_in_memory_gives_the_same_pixels(name: str) -> None:
    wide = picture(40, 66)
    for image in (wide[:, ::2], wide[..., ::-1], wide.transpose(1, 0, 2), wide[::-1]):
        before = wide.copy()
        result = corrupt(image, name, 4)
        np.testing.assert_array_equal(wide, before)
        np.testing.assert_array_equal(result, corrupt(image.copy(), name, 4))


@pytest.mark.parametrize(
    ("implementation", "name"),
    [*(("native", name) for name in corruption_names()), ("imagecorruptions", "contrast")],
)
def test_grey_images_are_corrupted_as_rgb(implementation: Implementation, name: str) -> None:
    grey = picture(35, 44)[..., 0]
    rgb = np.stack([grey] * 3, axis=-1)
    expected = corrupt(rgb, name, 3, implementation=implementation)
    for image in (grey, grey[..., np.newaxis]):
        result = corrupt(image, name, 3, implementation=implementation)
        np.testing.assert_array_equal(result, expected)
        assert image_key(image) == image_key(rgb)


@pytest.mark.parametrize("name", corruption_names())
def test_threads_make_the_same_pixels(name: str) -> None:
    tasks = [(picture(50, 61 + k), severity) for k in range(4) for severity in SEVERITIES]
    expected = [corrupt(image, name, severity) for image, severity in tasks]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            results = list(pool.map(lambda task: corrupt(task[0], name, task[1]), tasks))
            for result, one in zip(results, expected, strict=True):
                np.testing.assert_array_equal(result, one)


@pytest.mark.slow
def test_only_imagecorruptions_needs_opencv() -> None:
    # As on a server without libGL, where cv2 and thus imagecorruptions cannot be imported.
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "sys.modules['cv2'] = None\n"
        "import numpy as np, robustbench_seg\n"
        "from corruptions import InputError, corrupt, corruption_names\n"
        "image = np.zeros((40, 40, 3), np.uint8)\n"
        "for name in corruption_names():\n"
        "    for implementation in ('native', 'imagecorruptions'):\n"
        "        for severity in range(1, 6):\n"
        "            try: corrupt(image, name, severity, implementation=implementation)\n"
        "            except InputError as error: print(name, implementation, error)\n"
        "assert 'imagecorruptions' not in sys.modules\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *sys.path],
        capture_output=True,
        text=True,
        check=True,
    )
    refused = run.stdout.splitlines()
    assert len(refused) == 5 * len(corruption_names())
    for line in refused:
        assert line.split()[1] == "imagecorruptions"
        assert "apt-get install libgl1 libglib2.0-0" in line
        assert "pip install opencv-python-headless" in line
