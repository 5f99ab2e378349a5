"""The counter of boundaries against distances of SciPy and the definition of Boundary IoU."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from robustbench_seg.datasets.streets import render
from robustbench_seg.errors import InputError
from robustbench_seg.label_types import LabelMap, ignored_label, label_dtype
from robustbench_seg.scores.borders import near_border
from robustbench_seg.scores.boundary import (
    BoundaryCounts,
    band_matrices,
    edge_counts,
    interior_matrices,
)
from robustbench_seg.scores.counters import Counts, Prediction, read_measures
from robustbench_seg.scores.counters.boundary import Boundary
from robustbench_seg.scores.metrics import ClassCounts, confusion_matrix, iou
from robustbench_seg.scores.statistics import interval

Mask = NDArray[np.bool_]


def _near_by_distances(labels: LabelMap, ignored: Mask, distance: int) -> Mask:
    """Return the band by a distance transform for each label."""
    near = np.zeros(labels.shape, np.bool_)
    for label in np.unique(labels[~ignored]):
        others = (labels != label) & ~ignored
        if others.any():
            far = ndimage.distance_transform_cdt(~others, metric="chessboard")
            near |= (labels == label) & ~ignored & (far <= distance)
    return near


def _mask_to_boundary(mask: Mask, distance: int) -> Mask:
    """Return the edge of a mask as the authors of Boundary IoU define it.

    From github.com/bowenc0221/boundary-iou-api, boundary_iou/utils/boundary_utils.py: the mask less
    its erosion by 3 x 3 ones, `distance` times, after padding it with a pixel of zeros.
    """
    padded = np.pad(mask, 1)
    eroded = ndimage.binary_erosion(padded, np.ones((3, 3), np.bool_), distance)[1:-1, 1:-1]
    return np.asarray(mask & ~eroded)


def _edge_ignoring(mask: Mask, ignored: Mask, distance: int) -> Mask:
    """Return the edge of a mask where ignored pixels may be of it or not."""
    return _mask_to_boundary(mask | ignored, distance) & ~ignored


def _expected(
    truth: LabelMap, prediction: LabelMap, classes: int, columns: int, distance: int
) -> Counts:
    """Return the counts from distances and erosions, class by class."""
    ignored = truth == ignored_label(truth.dtype)
    band = _near_by_distances(truth, ignored, distance)
    counts = np.zeros((classes, columns + 3), np.int64)
    np.add.at(counts, (truth[band], prediction[band]), 1)
    for label in range(classes):
        edges = [
            _edge_ignoring(labels == label, ignored, distance) for labels in (truth, prediction)
        ]
        counts[label, -3:] = (edges[0] & edges[1]).sum(), edges[0].sum(), edges[1].sum()
    return counts


def _label_maps(
    seed: int, classes: int, columns: int, *, ignored: float = 0.1
) -> tuple[LabelMap, LabelMap]:
    """Return a truth of blocks, a share of them and of pixels ignored, and a prediction of it."""
    rng, dtype = np.random.default_rng(seed), label_dtype(classes)
    blocks = rng.integers(0, classes, (7, 9)).astype(dtype)
    blocks[rng.random(blocks.shape) < ignored] = ignored_label(dtype)
    truth = blocks.repeat(8, axis=0).repeat(9, axis=1)  # (56, 81)
    wrong = rng.integers(0, columns, blocks.shape).repeat(8, axis=0).repeat(9, axis=1)
    shifted = np.roll(truth, (2, 1), axis=(0, 1))
    prediction = np.where((shifted < classes) & (rng.random(truth.shape) < 0.95), shifted, wrong)
    truth[rng.random(truth.shape) < ignored / 4] = ignored_label(dtype)
    return truth, prediction.astype(dtype)


def _count(
    width: str, truth: LabelMap, prediction: LabelMap, classes: int, columns: int | None = None
) -> Counts:
    return Boundary(width).count(truth, Prediction(prediction), classes, columns or classes)


@pytest.mark.parametrize("distance", [1, 2, 3, 5, 8, 21, 200])
@pytest.mark.parametrize("ignored", [0.0, 0.3])
def test_pixels_near_borders_are_those_of_distance_transforms(
    distance: int, ignored: float
) -> None:
    truth, prediction = _label_maps(distance, 4, 4, ignored=ignored)
    left_out = truth == 255
    for labels in (truth, prediction, prediction.astype(np.uint16) * 999):
        found = near_border(labels, left_out, distance)
        np.testing.assert_array_equal(found, _near_by_distances(labels, left_out, distance))


@pytest.mark.parametrize("shape", [(300, 3), (1, 40), (129, 2), (257, 30)])
def test_pixels_near_borders_of_images_of_many_rows_and_of_one(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random(shape) < 0.02).astype(np.uint8)
    left_out = rng.random(shape) < 0.1
    for distance in (1, 4, 70):
        found = near_border(labels, left_out, distance)
        np.testing.assert_array_equal(found, _near_by_distances(labels, left_out, distance))


@pytest.mark.parametrize(
    ("classes", "columns"), [(1, 1), (1, 2), (4, 4), (19, 20), (255, 256), (847, 848)]
)
@pytest.mark.parametrize("width", ["1px", "3px", "500px", "2%"])
def test_counts_are_those_of_distances_and_erosions(classes: int, columns: int, width: str) -> None:
    truth, prediction = _label_maps(classes, classes, columns)
    distance = Boundary(width).distance(*truth.shape)
    found = _count(width, truth, prediction, classes, columns)
    np.testing.assert_array_equal(found, _expected(truth, prediction, classes, columns, distance))


@pytest.mark.parametrize("size", [(256, 128), (131, 77)])
def test_counts_of_scenes(size: tuple[int, int]) -> None:
    truth, prediction = (render("val", index, *size)[1] for index in range(2))
    prediction = np.where(prediction == 255, 3, prediction).astype(np.uint8)
    distance = Boundary().distance(*truth.shape)
    found = _count("", truth, prediction, 19)
    np.testing.assert_array_equal(found, _expected(truth, prediction, 19, 19, distance))


@pytest.mark.slow
@pytest.mark.parametrize("width", ["0.5%", "2%"])
def test_counts_of_real_frames(shared_data: Path, width: str) -> None:
    labels = shared_data / "data/cityscapes_mini/gtFine/val"
    first, second = sorted(labels.rglob("*_labelTrainIds.png"))[:2]
    truth, other = (np.asarray(Image.open(path)) for path in (first, second))
    prediction = np.where(other == 255, 0, other).astype(np.uint8)
    distance = Boundary(width).distance(*truth.shape)
    found = _count(width, truth, prediction, 19)
    np.testing.assert_array_equal(found, _expected(truth, prediction, 19, 19, distance))


def test_boundary_iou_is_the_authors_without_ignored_pixels() -> None:
    truth, prediction = _label_maps(0, 5, 5, ignored=0)
    score = iou(ClassCounts(*edge_counts(_count("2px", truth, prediction, 5))))
    for label in range(5):
        edges = [_mask_to_boundary(labels == label, 2) for labels in (truth, prediction)]
        assert score[label] == (edges[0] & edges[1]).sum() / (edges[0] | edges[1]).sum()


def test_one_class_has_no_band_and_the_image_edge_as_its_edge() -> None:
    whole = np.zeros((10, 12), np.uint8)
    counts = _count("2px", whole, whole, 1)
    margin = 10 * 12 - 6 * 8
    np.testing.assert_array_equal(counts, [[0, margin, margin, margin]])


def test_ignored_pixels_count_nowhere() -> None:
    truth = np.full((10, 12), 255, np.uint8)
    assert not _count("2px", truth, np.zeros_like(truth), 3).any()


def test_a_border_within_ignored_pixels_is_none_but_across_them_it_is() -> None:
    truth = np.array([[0, 0, 255, 255, 1, 1]], np.uint8)
    near = near_border(truth, truth == 255, 3)
    np.testing.assert_array_equal(near, [[False, True, False, False, True, False]])


def test_width_is_a_share_of_the_diagonal_or_pixels() -> None:
    assert Boundary("").distance(1024, 2048) == 11  # 0.005 * 2289.7
    assert Boundary("2%").distance(1024, 2048) == 46
    assert Boundary("0.5%").distance(20, 20) == 1
    assert Boundary("5px").distance(20, 2000) == 5


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "boundary:0.5%"),
        ("0.50%", "boundary:0.5%"),
        ("10%", "boundary:10%"),
        ("100%", "boundary:100%"),
        ("02.0%", "boundary:2%"),
        ("0.0001%", "boundary:0.0001%"),
        ("05px", "boundary:5px"),
        ("10px", "boundary:10px"),
    ],
)
def test_names_are_canonical(text: str, name: str) -> None:
    assert Boundary(text).name == name
    assert Boundary(name.partition(":")[2]) == Boundary(text)


@pytest.mark.parametrize(
    "text",
    [
        *("5", "px", "0px", "-1px", "1.5px", "12345px", "0%", "0.000%", "101%", "1e-3%", "nan%"),
        *(" 5px", "5px ", "\u0665px", "0.5 %", "0,5%", "5px\n"),
    ],
)
def test_other_widths_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"(?s)^--measure boundary:.*expected a width above 0"):
        read_measures([f"boundary:{text}"])


def test_the_measure_is_known_by_its_name() -> None:
    assert read_measures(["miou", "boundary"]) == (Boundary("0.5%"),)


def test_label_maps_of_another_form_are_refused() -> None:
    truth, prediction = _label_maps(0, 4, 4)
    wrong_class = truth.copy()
    wrong_class[0, 0] = 7
    cases: tuple[tuple[LabelMap, NDArray[Any], str], ...] = (
        (truth, prediction[:-1], "sizes must agree"),
        (truth, prediction.astype(np.int32), "expected a label map"),
        (truth, prediction + np.uint8(4), "is no class"),
        (wrong_class, prediction, "truth: 7 is no class"),
    )
    for bad_truth, bad, message in cases:
        with pytest.raises(InputError, match=message):
            _count("", bad_truth, bad, 4)


def test_a_counter_counts_frame_after_frame_and_one_changed_in_place() -> None:
    counter = Boundary("2px")
    for seed in (0, 1, 0):
        truth, prediction = _label_maps(seed, 4, 4)
        for _ in range(2):
            found = counter.count(truth, Prediction(prediction), 4, 4)
            np.testing.assert_array_equal(found, _expected(truth, prediction, 4, 4, 2))
            truth[:20, :20] = seed
    wide = counter.count(truth.astype(np.uint16), Prediction(prediction), 300, 300)
    assert wide.shape == (300, 303)


def test_a_pickled_counter_is_equal_and_small() -> None:
    counter = Boundary("2px")
    counter.count(*_prediction_of(0), 4, 4)
    content = pickle.dumps(counter)
    copy = pickle.loads(content)
    assert copy == counter
    assert len(content) < 1000
    np.testing.assert_array_equal(
        copy.count(*_prediction_of(1), 4, 4), counter.count(*_prediction_of(1), 4, 4)
    )


def _prediction_of(seed: int) -> tuple[LabelMap, Prediction]:
    truth, prediction = _label_maps(seed, 4, 4)
    return truth, Prediction(prediction)


def test_counts_of_predictions_have_no_problem() -> None:
    for classes, columns in ((1, 1), (4, 5), (19, 19)):
        truth, prediction = _label_maps(classes, classes, columns)
        counts = _count("2px", truth, prediction, classes, columns)
        pixels = np.bincount(truth[truth < classes], minlength=classes)
        names = [str(label) for label in range(classes)]
        assert Boundary().problem(counts[np.newaxis], pixels[np.newaxis], names) is None


@pytest.mark.parametrize(
    ("place", "by", "words"),
    [
        ((1, 2), 10**6, "of b near borders than the frame can"),
        ((1, -3), 10**6, "of b at both edges than at the true one"),
        ((1, -2), 10**6, "of b at the true edge than the frame has"),
        ((1, -1), 10**6, "at predicted edges than the frame has"),
        ((1, -1), -(10**6), "of b at both edges than at the predicted one"),
        ((1, -2), -500, "of b near borders than at the true edge"),
    ],
)
def test_impossible_counts_are_found(place: tuple[int, int], by: int, words: str) -> None:
    truth, prediction = _label_maps(0, 4, 4)
    good = _count("2px", truth, prediction, 4)
    bad = good.copy()
    bad[place] = max(0, bad[place] + by)
    pixels = np.bincount(truth[truth < 4], minlength=4)
    found = Boundary().problem(np.stack([good, bad]), np.stack([pixels, pixels]), list("abcd"))
    assert found is not None
    assert found[0] == 1
    assert words in found[1]


def test_a_band_in_a_frame_of_one_class_is_found() -> None:
    counts = np.array([[[2, 0, 2, 2, 2], [0, 0, 0, 0, 0]]])
    found = Boundary().problem(counts, np.array([[9, 0]]), ["road", "car"])
    assert found == (0, "has more pixels of road near borders than the frame can")


def test_band_and_interior_make_up_the_matrix() -> None:
    truth, prediction = _label_maps(0, 4, 5)
    counts = _count("2px", truth, prediction, 4, 5)
    matrix = confusion_matrix(truth, prediction, 4, spare=True)
    interior = interior_matrices(matrix, counts)
    band = _near_by_distances(truth, truth == 255, 2)
    inside = np.where(band, np.uint8(255), truth)
    np.testing.assert_array_equal(interior, confusion_matrix(inside, prediction, 4, spare=True))
    np.testing.assert_array_equal(interior + band_matrices(counts), matrix)
    with pytest.raises(InputError, match="more pixels near borders than its matrix"):
        interior_matrices(matrix // 9, counts)


def test_scores_have_intervals_by_the_same_bootstrap() -> None:
    draws = [("clean", 0, 0), ("fog", 3, 0)]
    found = BoundaryCounts(12, draws, np.ones(4, np.bool_))
    totals = np.zeros((2, 4, 7), np.int64)
    whole = np.zeros((2, 4, 4), np.int64)
    for frame in range(12):
        for number, draw in enumerate(draws):
            truth, prediction = _label_maps(frame, 4, 4)
            prediction = np.roll(prediction, number, axis=1)
            matrix = confusion_matrix(truth, prediction, 4)
            counts = _count("2px", truth, prediction, 4)
            found.add([frame], [draw], matrix[np.newaxis], counts[np.newaxis])
            totals[number] += counts
            whole[number] += matrix
    scores = found.scores()
    for number, key in enumerate((("clean", 0), ("fog", 3))):
        correct, truth_edge, predicted = totals[number, :, -3:].T
        expected = {
            "band_miou": iou(totals[number, :, :4]).mean(),
            "interior_miou": iou(whole[number] - totals[number, :, :4]).mean(),
            "boundary_iou": (correct / (truth_edge + predicted - correct)).mean(),
        }
        assert scores.keys() == expected.keys()
        for name, score in scores.items():
            low, high = interval(score.samples[key].to_numpy())
            assert score.values.at[0, key] == pytest.approx(expected[name])
            assert low < expected[name] < high
    first = found.only(np.eye(12, 2, dtype=np.bool_))
    assert first.scores()["band_miou"].image_counts.image_count(("fog", 3)) == 1
    assert found.in_order(np.array([3])).scores()["band_miou"].values.shape == (1, 2)
