"""Frost against `imagecorruptions`, and its resizing against OpenCV."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from robustbench_seg.corruptions import InputError, corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.kernels import frost
from robustbench_seg.corruptions.weather import frost as definition
from tests.helpers.pictures import (
    PICTURES,
    Pixels,
    differences,
    flat,
    gradients,
    noise,
    real_frames,
    reference,
)

SEEDS = (0, 1, 2, 3, 5, 10)  # one for each texture

TEXTURES_DIGEST = "6179bee045af58744a9c8d22b560b848da159202efc70423d4f45be6c45fdbe6"


def from_its_draws(image: Pixels, severity: int, seed: int) -> Pixels:
    """Return our frost with the random numbers that imagecorruptions draws for this image."""
    np.random.seed(seed)  # noqa: NPY002
    height, width, _ = image.shape
    number = np.random.randint(6)  # noqa: NPY002
    tall, wide, _ = frost.enlarged(number, height, width).shape
    top = np.random.randint(0, tall - height)  # noqa: NPY002
    left = np.random.randint(0, wide - width)  # noqa: NPY002
    return frost.frosted(image, severity, number, top, left)


def test_the_seeds_choose_every_texture() -> None:
    numbers = set()
    for seed in SEEDS:
        np.random.seed(seed)  # noqa: NPY002
        numbers.add(np.random.randint(6))  # noqa: NPY002
    assert numbers == set(range(6))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_its_draws_give_its_pixels(severity: int) -> None:
    for kind, image in PICTURES.items():
        for seed in SEEDS if kind in ("noise", "480x360") else SEEDS[:1]:
            theirs = reference(image, "frost", severity, seed)
            ours = from_its_draws(image, severity, seed)
            assert differences(ours, theirs).max() <= 1, (kind, seed)


def test_its_draws_give_its_pixels_on_a_large_image() -> None:
    image = noise(1024, 2048)
    for seed in SEEDS[:3]:
        theirs = reference(image, "frost", 5, seed)
        assert differences(from_its_draws(image, 5, seed), theirs).max() <= 1


def test_its_draws_give_its_pixels_on_a_real_frame(shared_data: Path) -> None:
    image = next(real_frames(shared_data))
    for severity, seed in zip(SEVERITIES, SEEDS, strict=False):
        theirs = reference(image, "frost", severity, seed)
        assert differences(from_its_draws(image, severity, seed), theirs).max() <= 1


def test_opencv_reads_the_same_textures() -> None:
    cv2 = pytest.importorskip("cv2")
    import imagecorruptions

    folder = Path(imagecorruptions.__file__).parent / "frost"
    for number, name in enumerate(definition.TEXTURES):
        bgr = cv2.imread(str(folder / name))
        np.testing.assert_array_equal(definition.texture(number), bgr[..., ::-1])


def test_textures_are_pinned() -> None:
    digest = hashlib.sha256(b"".join(definition.texture(number).tobytes() for number in range(6)))
    assert digest.hexdigest() == TEXTURES_DIGEST


@pytest.mark.parametrize("size", [(34, 41), (40, 97), (35, 57), (33, 200)])
def test_resize_equals_opencv_within_a_level(size: tuple[int, int]) -> None:
    cv2 = pytest.importorskip("cv2")
    for image in (noise(33, 40), flat(255, height=33, width=33), gradients(33, 40)):
        ours = frost.resize(image, *size)
        theirs = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
        assert differences(ours, theirs).max() <= 1


@pytest.mark.parametrize(
    ("height", "width", "tall", "wide"),
    [(33, 47, 347, 616), (1024, 2048, 1268, 2253), (404, 100, 445, 791), (1, 1, 347, 616)],
)
def test_a_texture_is_enlarged_to_cover_the_image(
    height: int, width: int, tall: int, wide: int
) -> None:
    assert frost.enlarged(1, height, width).shape == (tall, wide, 3)  # from (315, 560)


def test_textures_and_places_are_chosen_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    # Significance 1e-3 each; seeds are fixed.
    chosen: list[tuple[int, int, int]] = []

    def remember(image: Pixels, _severity: int, number: int, top: int, left: int) -> Pixels:
        chosen.append((number, top, left))
        return image

    monkeypatch.setattr(frost, "frosted", remember)
    image = noise(64, 96)
    for seed in range(1200):
        corrupt(image, "frost", 1, seed=seed, key="")
    numbers, tops, lefts = np.transpose(chosen)
    assert stats.chisquare(np.bincount(numbers, minlength=6)).pvalue > 1e-3
    sizes = np.array([frost.enlarged(number, 64, 96).shape[:2] for number in range(6)])
    for places, spare in ((tops, sizes[numbers, 0] - 64), (lefts, sizes[numbers, 1] - 96)):
        assert (places < spare).all()
        assert stats.kstest((places + 0.5) / spare, "uniform").pvalue > 1e-3
    assert abs(stats.spearmanr(tops / sizes[numbers, 0], lefts / sizes[numbers, 1])[0]) < 0.1


@pytest.mark.slow
def test_frosts_are_distributed_as_in_imagecorruptions() -> None:
    # 200 frosts each: mean, deviation and a pixel; significance 1e-3 each.
    image = np.full((64, 96, 3), 60, np.uint8)
    ours = [corrupt(image, "frost", 3, seed=seed) for seed in range(200)]
    theirs = [reference(image, "frost", 3, seed) for seed in range(200)]
    for statistic in (np.mean, np.std, lambda result: result[10, 20, 2]):
        our, their = ([float(statistic(result)) for result in side] for side in (ours, theirs))
        assert stats.ks_2samp(our, their).pvalue > 1e-3


def test_missing_textures_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    definition.texture.cache_clear()
    with pytest.raises(InputError, match=r"frost3\.png.*pip install imagecorruptions-imaug"):
        definition.texture(2)


def test_a_part_has_the_pixels_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise(60, 90)
    whole = [corrupt(image, "frost", 3, seed=seed) for seed in SEEDS]
    monkeypatch.setattr(frost, "MOST_KEPT", 0)
    for seed, expected in zip(SEEDS, whole, strict=True):
        np.testing.assert_array_equal(corrupt(image, "frost", 3, seed=seed), expected)
