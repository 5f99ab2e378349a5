"""Street scenes: the same to the bit everywhere, with every class, and not solved by colour."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustbench_seg.corruptions import image_key
from robustbench_seg.datasets.base import IGNORE, Dataset
from robustbench_seg.datasets.streets import (
    SPLITS,
    StreetFrame,
    _scene,
    photograph,
    render,
    streets,
)
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.pixel_digests import pixel_digest
from robustbench_seg.streets.rendering.randomness import Random

PINNED: dict[tuple[str, int, int, int], str] = {
    ("val", 0, 512, 256): "480f75d27e5483d343d53e6e414a15b39bd8f4bb55c77e910e854f27a69ae21f",
    ("val", 1, 512, 256): "4a0e8587313ebcb8333bd0464580234f2ea3bf9197994debdeb4c6305c885b43",
    ("val", 2, 512, 256): "5abec95dd2001d12f026470e1fe0dc7a6d8df825f16500585f32a36b339a1730",
    ("val", 3, 512, 256): "2127fcbcdd499dd9b86f22835a80b816d9be3c9dc5a93e88bd27edbb6c6b29b8",
    ("train", 0, 512, 256): "25a0a0b5adc65928d182a81d250900da164181defaf9e58b836c0196945da061",
    ("train", 3999, 333, 215): "bf352d200df99759a6f808075e4a8d8a6b4a28cdc88fca61249a4ced1df225a2",
}


def digest(split: str, index: int, width: int, height: int) -> str:
    image, label = render(split, index, width, height)
    return hashlib.sha256(image.tobytes() + label.tobytes()).hexdigest()


def small(split: str, count: int) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    return [render(split, index, 256, 128) for index in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("scene", PINNED)
def test_scenes_are_pinned(scene: tuple[str, int, int, int]) -> None:
    assert digest(*scene) == PINNED[scene]


# The first two take away the vector instructions that NumPy chooses at run time, the third those
# that Numba compiles for (with them also fused multiply-add).
@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR", "OPENCV_IPP": "disabled"},
        {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"},
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    ],
    ids=["no-avx512", "no-avx2", "generic-code"],
)
def test_digests_do_not_depend_on_the_processor(environment: dict[str, str]) -> None:
    program = (
        "import hashlib, sys\n"
        "from robustbench_seg.datasets.streets import render\n"
        f"for scene in {list(PINNED)!r}:\n"
        "    image, label = render(*scene)\n"
        "    print(hashlib.sha256(image.tobytes() + label.tobytes()).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == list(PINNED.values())


@pytest.mark.slow
def test_every_class_occurs_in_the_validation_split() -> None:
    seen = np.zeros((SPLITS["val"], 256), dtype=np.int64)
    for index, (_, label) in enumerate(small("val", SPLITS["val"])):
        seen[index] = np.bincount(label.ravel(), minlength=256)
    assert set(np.flatnonzero(seen.sum(axis=0))) == {*range(19), IGNORE}
    # Visible: at least a thousandth of the image, in a quarter of the scenes.
    visible = (seen >= 128 * 256 // 1000).sum(axis=0)
    assert visible[:19].min() >= 25
    assert visible[IGNORE] == SPLITS["val"]


def test_order_of_rendering_changes_nothing() -> None:
    forth = [digest("val", index, 96, 48) for index in range(4)]
    back = [digest("val", index, 96, 48) for index in reversed(range(4))]
    assert forth == back[::-1]
    assert len(set(forth)) == 4


def test_splits_differ() -> None:
    assert digest("val", 0, 96, 48) != digest("train", 0, 96, 48)


def test_a_scene_shows_the_same_at_two_sizes() -> None:
    _, large = render("val", 1, 512, 256)
    _, little = render("val", 1, 256, 128)
    assert (large[::2, ::2] == little).mean() > 0.93


@settings(max_examples=12)
@given(st.integers(64, 200), st.integers(32, 200), st.integers(0, 400))
def test_any_size_works(width: int, height: int, index: int) -> None:
    image, label = render("train", index, width, height)
    assert image.shape == (height, width, 3)
    assert label.shape == (height, width)
    assert image.dtype == label.dtype == np.uint8
    assert set(np.unique(label)) <= {*range(19), IGNORE}


def _cells(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    # 8 bands of rows and 8 levels of each channel: 4096 cells.
    bands = (np.arange(image.shape[0]) * 8 // image.shape[0])[:, None]  # (H, 1)
    red, green, blue = np.moveaxis(image.astype(np.int64) // 32, 2, 0)  # each (H, W)
    cells: NDArray[np.int64] = ((bands * 8 + red) * 8 + green) * 8 + blue
    return cells


def _colour_scores(scale: NDArray[np.float64] | None) -> float:
    votes = np.zeros((4096, 19), dtype=np.int64)
    for image, label in small("train", 60):
        known = label != IGNORE
        np.add.at(votes, (_cells(image)[known], label[known]), 1)
    weighted = votes / votes.sum(axis=0) if scale is None else votes * scale
    choice = weighted.argmax(axis=1)
    matrix = np.zeros((19, 19), dtype=np.int64)
    for image, label in small("val", 25):
        known = label != IGNORE
        np.add.at(matrix, (label[known], choice[_cells(image)[known]]), 1)
    hit = np.diag(matrix)
    return float((hit / (matrix.sum(axis=0) + matrix.sum(axis=1) - hit)).mean())


@pytest.mark.slow
@pytest.mark.parametrize("scale", [np.ones(19), None], ids=["likeliest", "balanced"])
def test_colour_and_row_do_not_give_the_class(scale: NDArray[np.float64] | None) -> None:
    assert _colour_scores(scale) < 0.25


def test_dataset_has_the_frames_of_its_split() -> None:
    dataset = streets("val")
    assert isinstance(dataset, Dataset)
    assert (dataset.name, dataset.split, len(dataset.frames)) == ("streets", "val", 100)
    assert len(dataset.class_names) == 19
    assert len(streets("train").frames) == 4000
    names = [frame.name for frame in dataset.frames]
    assert names[3] == "val_000003"
    assert len(set(names)) == 100
    assert dataset.frames[-1].name == "val_000099"
    assert [frame.name for frame in dataset.frames[1:3]] == ["val_000001", "val_000002"]
    with pytest.raises(IndexError):
        dataset.frames[100]


def test_frame_renders_its_scene_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = streets("val", limit=2, width=96, height=48)
    assert len(dataset.frames) == 2
    image, label = render("val", 1, 96, 48)
    frame = dataset.frames[1]
    first = frame.image()
    monkeypatch.setattr("robustbench_seg.datasets.streets.render", None)
    np.testing.assert_array_equal(first, image)
    np.testing.assert_array_equal(frame.label(), label)
    first[:] = 0
    np.testing.assert_array_equal(frame.image(), image)
    assert isinstance(frame, StreetFrame)


@pytest.mark.parametrize(
    "indices",
    [(0, 57, 99), pytest.param(range(100), marks=pytest.mark.thorough)],
    ids=["some", "all"],
)
def test_published_facts_are_those_of_the_scenes(indices: Sequence[int]) -> None:
    for index in indices:
        image, label = render("val", index)
        frame = StreetFrame("val", index, 512, 256)
        pixels = np.bincount(label.ravel(), minlength=256)[:19]
        assert frame.facts == (
            *(256, 512, image_key(image), pixel_digest(label)),
            tuple(pixels.tolist()),
        )
    assert StreetFrame("val", 0, 256, 128).facts is None
    assert StreetFrame("train", 0, 512, 256).facts is None


def test_a_scene_that_is_drawn_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = photograph("val", 5, 512, 256)
    drawn.image[0, 0, 0] ^= 1
    monkeypatch.setattr("robustbench_seg.datasets.streets.photograph", lambda *_: drawn)
    frame = StreetFrame("val", 5, 512, 256)
    _scene.cache_clear()
    with pytest.raises(InputError, match="val_000005 is not drawn here as it is published"):
        frame.image()


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"split": "test"}, "train, val"),
        ({"limit": 0}, "limit"),
        ({"width": 63}, "64x32"),
        ({"height": 31}, "64x32"),
    ],
)
def test_bad_options_are_one_line_errors(options: dict[str, object], hint: str) -> None:
    with pytest.raises(InputError, match=hint) as caught:
        streets(**options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_negative_scene_is_refused() -> None:
    with pytest.raises(InputError, match="-1"):
        render("val", -1)


# The values that the reference implementation (Vigna, splitmix64.c) gives for seed 1234567.
def test_stream_is_splitmix64() -> None:
    random = Random("any")
    random._state = 1234567
    assert [random.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_forks_do_not_depend_on_numbers_drawn_before() -> None:
    random = Random("street", 1)
    before = random.fork("tree", 2).bits()
    random.bits()
    assert random.fork("tree", 2).bits() == before
    assert random.fork("tree", 3).bits() != before
