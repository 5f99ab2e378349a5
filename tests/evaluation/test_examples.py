"""The pictures that a run keeps, and the error maps that come from them."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.datasets.taxonomies import load_taxonomy
from robustbench_seg.evaluation.examples import is_example, pictures_of
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.suites import CorruptionSuite, load_suite
from robustbench_seg.runs.pictures import (
    ERRORS,
    IGNORED,
    INPUT,
    PREDICTION,
    RIGHT,
    TRUTH,
    WRONG,
    WRONG_PIXELS,
    error_map_of,
    has_own_colors,
    palette_png,
    png,
)
from robustbench_seg.scores.counters import Prediction, Probabilities
from tests.helpers.sample_runs import make_spec, model

MODELS = (model("b0"), model("b1"))
IMAGE = np.zeros((50, 1024, 3), np.uint8)


def labels(count: int, seed: int) -> NDArray[np.uint8]:
    """Return random labels (H, W) of a number of classes."""
    return np.random.default_rng(seed).integers(0, count, IMAGE.shape[:2], np.uint8)


def pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))


def kept(
    taxonomy: str, name: str = "b0", frame: str = "frame_0"
) -> tuple[dict[str, bytes], NDArray[np.uint8]]:
    """Return the pictures of a random prediction, and the error map that it should have."""
    classes = load_taxonomy(taxonomy).classes
    predicted, truth = (labels(len(classes), seed) for seed in (0, 1))
    truth[:20] = predicted[:20]
    truth[30:, :99] = 255
    spec = make_spec(models=MODELS, classes=classes)
    cell = Cell(name, "fog", 3, frame)
    found = pictures_of(spec, cell, IMAGE, Prediction(predicted, None), truth)
    expected = np.full(IMAGE.shape, WRONG, np.uint8)
    expected[predicted == truth] = RIGHT
    expected[truth == 255] = IGNORED
    return {picture.caption: picture.png for picture in found}, expected


@pytest.mark.parametrize(
    ("taxonomy", "own"), [("cityscapes", True), ("ade20k", False), ("voc", False)]
)
def test_an_error_map_is_exact_whatever_the_colours_of_the_classes(
    taxonomy: str, own: bool
) -> None:
    assert has_own_colors(load_taxonomy(taxonomy).classes) == own
    found, expected = kept(taxonomy)
    # An error map is only kept where it cannot be made from the other pictures.
    assert (WRONG_PIXELS in found) != own
    errors = found.get(WRONG_PIXELS) or error_map_of(found[PREDICTION], found[TRUTH])
    assert errors is not None
    shown = pixels(errors)
    assert shown.shape == (25, 512, 3)
    places = [expected[row::2, column::2] for row in (0, 1) for column in (0, 1)]
    assert any(np.array_equal(shown, place) for place in places)


def test_wrong_pixels_run_from_yellow_to_red_by_confidence() -> None:
    spec = make_spec(models=MODELS, classes=load_taxonomy("cityscapes").classes)
    cell = Cell("b0", "fog", 3, "frame_0")
    truth = np.array([[0, 1, 255, 0, 0, 0]], np.uint8)
    predicted = np.array([[0, 1, 3, 3, 3, 3]], np.uint8)
    confidence = np.array([[0, 1, 1, 0, 0.5, 1]], np.float32)
    prediction = Prediction(predicted, Probabilities(confidence, confidence, confidence))
    found = pictures_of(spec, cell, None, prediction, truth)
    (errors,) = (picture.png for picture in found if picture.caption == ERRORS)
    right, _, ignored, unsure, middle, sure = pixels(errors)[0].tolist()
    assert [tuple(right), tuple(ignored)] == [RIGHT, IGNORED]
    assert [unsure, sure] == [[255, 225, 90], [170, 0, 38]]
    np.testing.assert_allclose(middle, [212.5, 112.5, 64], atol=1)


def test_the_first_model_keeps_what_all_share() -> None:
    first, second = (kept("cityscapes", item.name)[0] for item in MODELS)
    assert first.keys() == {INPUT, PREDICTION, TRUTH}
    assert second.keys() == {PREDICTION}
    assert kept("cityscapes", frame="frame_1")[0].keys() == {PREDICTION, TRUTH}


@pytest.mark.parametrize("count", [2, 17, 256, 300])
def test_a_map_keeps_its_colours_as_far_as_a_palette_has_them(count: int) -> None:
    numbers = np.arange(3000, dtype=np.uint16).reshape(30, 100) % count + 7
    colors = np.random.default_rng(0).integers(0, 256, (400, 3), np.uint8)
    found, expected = pixels(palette_png(numbers, colors)), colors[numbers]
    if count <= 256:
        np.testing.assert_array_equal(found, expected)
    else:
        assert np.abs(found.astype(int) - expected).mean() < 8


def test_pictures_of_different_sizes_have_no_error_map() -> None:
    small, large = (png(np.zeros((size, 8, 3), np.uint8)) for size in (8, 9))
    assert error_map_of(small, large) is None


def test_the_first_corruption_is_kept_at_several_severities() -> None:
    suite = load_suite("cityscapes-c")
    assert isinstance(suite, CorruptionSuite)
    spec = make_spec(suite=suite)

    def shown(*severities: int) -> list[tuple[str, float]]:
        own = replace(spec, suite=replace(suite, severities=severities)) if severities else spec
        keys = [condition.key for condition in own.conditions]
        return [key for key in keys if is_example(own, Cell("b0", *key, "frame_0"))]

    others = [("gaussian_noise", 3), ("brightness", 3), ("snow", 3)]
    strip = [("motion_blur", severity) for severity in (1, 3, 5)]
    assert shown() == [("clean", 0), *strip, *others]
    assert is_example(spec, Cell("b0", "motion_blur", 1, "frame_7"))
    assert not is_example(spec, Cell("b0", "motion_blur", 1, "frame_8"))
    assert shown(4) == [("clean", 0), *[(name, 4) for name, _ in (strip[0], *others)]]
