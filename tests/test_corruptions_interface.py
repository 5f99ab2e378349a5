"""The public face of `corruptions`: what it refuses, how chance is keyed, what it imports."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from corruptions import InputError, corrupt, corruption_names, image_key
from corruptions.keys import stream_seed
from corruptions.reference import CATEGORIES
from corruptions.registry import REGISTRY, register

BLACK = np.zeros((32, 33, 3), np.uint8)


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]; import corruptions\n"
        "corruptions.load_suite('cityscapes-c'); corruptions.image_key\n"
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
        ([[1, 2]], "list"),
        (BLACK.astype(np.float32), "float32"),
        (BLACK[:, :, 0], r"\(32, 33\)"),
        (np.zeros((32, 32, 4), np.uint8), r"\(32, 32, 4\)"),
        (BLACK[:31], "33 x 31 pixels"),
        (BLACK[:, :31], "31 x 32 pixels"),
    ],
)
def test_other_images_are_refused(image: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        corrupt(image, "fog", 1)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("severity", [0, 6, -1, 2.0, 2.5, "3", None, True])
def test_other_severities_are_refused(severity: object) -> None:
    with pytest.raises(InputError, match="from 1 to 5"):
        corrupt(BLACK, "fog", severity)  # type: ignore[arg-type]


def test_an_unknown_name_is_answered_with_the_nearest_and_all() -> None:
    with pytest.raises(InputError, match=r"'frogg' \(did you mean 'fog'\?\)") as error:
        corrupt(BLACK, "frogg", 1)
    assert all(name in str(error.value) for name in corruption_names())


def test_a_numpy_severity_is_a_severity() -> None:
    np.testing.assert_array_equal(
        corrupt(BLACK, "brightness", np.int64(2)),  # type: ignore[arg-type]
        corrupt(BLACK, "brightness", 2),
    )


def test_every_corruption_has_one_category() -> None:
    assert len(corruption_names()) == sum(map(len, CATEGORIES.values())) == 19
    for category, names in CATEGORIES.items():
        for name in names:
            assert REGISTRY[name].category == category


def test_a_name_cannot_be_registered_twice() -> None:
    with pytest.raises(ValueError, match="'fog' is registered twice"):
        register("fog", "weather")(REGISTRY["fog"].function)


def test_the_registry_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        REGISTRY["mist"] = REGISTRY["fog"]  # type: ignore[index]


def test_the_image_key_is_made_of_shape_and_pixels() -> None:
    image = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)
    key = image_key(image)
    assert key == image_key(np.asfortranarray(image)) == image_key(image.copy())
    assert key != image_key(image.reshape(4, 6, 3))
    changed = image.copy()
    changed[5, 3, 2] += 1
    assert key != image_key(changed)
    with pytest.raises(InputError, match="uint8"):
        image_key(image.astype(np.int64))


def test_the_key_can_be_handed_over() -> None:
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
