"""Metrics against cityscapesscripts' evaluation, arithmetic by hand, and properties."""

from __future__ import annotations

import importlib
import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from robustbench_seg.errors import InputError
from robustbench_seg.scores import metrics

# A deadline would time the machine, not the code.
LabelMap = NDArray[np.uint8]


@pytest.fixture(scope="module")
def cityscapes() -> ModuleType:
    """Import the evaluation script of Cityscapes as a module."""
    return importlib.import_module("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")


def _label_maps(seed: int, classes: int = 19) -> tuple[LabelMap, LabelMap]:
    """Return a truth of blocks, some ignored, and a prediction with 40 % random pixels."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, classes + 1, (9, 17)).astype(np.uint8)
    blocks[blocks == classes] = 255
    truth = blocks.repeat(7, axis=0).repeat(5, axis=1)  # (63, 85)
    prediction = np.where(
        (rng.random(truth.shape) < 0.4) | (truth == 255),
        rng.integers(0, classes, truth.shape),
        truth,
    ).astype(np.uint8)
    return truth, prediction


def _cityscapes_matrix(
    cityscapes: ModuleType, truth: LabelMap, prediction: LabelMap
) -> NDArray[np.uint64]:
    """Return the confusion matrix of cityscapesscripts over its own label ids."""
    to_id = np.zeros(256, np.uint8)  # ignored pixels have label id 0, "unlabeled"
    for train_id, label in cityscapes.trainId2label.items():
        if 0 <= train_id < 19:
            to_id[train_id] = label.id
    matrix: NDArray[np.uint64] = cityscapes.generateMatrix(cityscapes.args)
    for true_id, predicted_id in zip(to_id[truth].flat, to_id[prediction].flat, strict=True):
        matrix[true_id, predicted_id] += np.uint64(1)
    return matrix


@pytest.mark.parametrize("seed", range(4))
def test_iou_is_that_of_cityscapesscripts(cityscapes: ModuleType, seed: int) -> None:
    truth, prediction = _label_maps(seed)
    if seed % 2:
        truth[np.isin(truth, (3, 7))] = 255  # no truth of wall and sign, but still predicted
        prediction[prediction == 7] = 0
    theirs = _cityscapes_matrix(cityscapes, truth, prediction)
    ours = metrics.confusion_matrix(truth, prediction, 19)
    ids = [cityscapes.trainId2label[train_id].id for train_id in range(19)]
    np.testing.assert_array_equal(ours, theirs[np.ix_(ids, ids)].astype(np.int64))

    scores = {i: cityscapes.getIouScoreForLabel(i, theirs, cityscapes.args) for i in ids}
    np.testing.assert_allclose(metrics.iou(ours), list(scores.values()), rtol=0, atol=1e-12)
    average = cityscapes.getScoreAverage(scores, cityscapes.args)
    assert metrics.cityscapes_mean_iou(ours) == pytest.approx(average, rel=0, abs=1e-12)


def test_a_class_without_truth_lowers_the_mean_of_cityscapesscripts_alone() -> None:
    truth = np.array([[0, 1]] * 8, np.uint8)
    clean = metrics.confusion_matrix(truth, truth, 3)
    foggy_prediction = truth.copy()
    foggy_prediction[0, 0] = 2  # one pixel of a class without ground truth
    foggy = metrics.confusion_matrix(truth, foggy_prediction, 3)

    class_set = metrics.present_classes(clean)
    np.testing.assert_array_equal(class_set, [True, True, False])
    np.testing.assert_array_equal(metrics.present_classes(foggy), class_set)
    assert metrics.mean_iou(clean, class_set) == metrics.cityscapes_mean_iou(clean) == 1
    assert metrics.mean_iou(foggy, class_set) == pytest.approx((7 / 8 + 1) / 2)
    assert metrics.cityscapes_mean_iou(foggy) == pytest.approx((7 / 8 + 1 + 0) / 3)


def test_scores_by_hand() -> None:
    matrix = np.array([[6, 2], [1, 11]], np.int64)
    both = np.array([True, True])
    np.testing.assert_allclose(metrics.iou(matrix), [6 / 9, 11 / 14])
    assert metrics.pixel_accuracy(matrix) == pytest.approx(17 / 20)
    assert metrics.mean_accuracy(matrix, both) == pytest.approx((6 / 8 + 11 / 12) / 2)
    assert metrics.frequency_weighted_iou(matrix) == pytest.approx((8 * 6 / 9 + 12 * 11 / 14) / 20)


def test_undefined_scores_are_nan() -> None:
    empty = np.zeros((2, 2), np.int64)
    everything = np.array([True, True])
    assert np.isnan(metrics.iou(empty)).all()
    for score in (
        metrics.mean_iou(empty, everything),
        metrics.mean_iou(np.eye(2, dtype=np.int64), np.array([False, False])),
        metrics.mean_iou(np.array([[1, 0], [0, 0]], np.int64), everything),
        metrics.cityscapes_mean_iou(empty),
        metrics.pixel_accuracy(empty),
        metrics.mean_accuracy(empty, everything),
        metrics.frequency_weighted_iou(empty),
    ):
        assert math.isnan(score)


def test_other_label_maps_are_refused() -> None:
    truth = np.zeros((2, 3), np.uint8)
    for bad_truth, bad_prediction, words in (
        (truth, truth.astype(np.int64), "prediction: .*int64"),
        (truth.astype(np.int32), truth, "truth: .*int32"),
        (truth[0], truth[0], r"truth: .*\(3,\)"),
        (truth, truth.T, r"\(2, 3\), prediction \(3, 2\)"),
        (truth, np.full_like(truth, 2), "prediction: 2 is no class; classes are 0-1"),
        (np.full_like(truth, 254), truth, "truth: 254 is no class; .*ignored is 255"),
    ):
        with pytest.raises(InputError, match=words):
            metrics.confusion_matrix(bad_truth, bad_prediction, 2)  # type: ignore[arg-type]
    for classes in (0, 2049):
        with pytest.raises(InputError, match="classes: expected 1 to 2048"):
            metrics.confusion_matrix(truth, truth, classes)


def test_a_prediction_of_no_class_is_missed_and_no_false_positive() -> None:
    truth = np.array([[0, 0, 0, 1], [1, 1, 255, 255]], np.uint8)
    prediction = np.array([[0, 0, 2, 0], [1, 2, 2, 1]], np.uint8)
    matrix = metrics.confusion_matrix(truth, prediction, 2, spare=True)
    np.testing.assert_array_equal(matrix, [[2, 0, 1], [1, 1, 1]])
    both = np.array([True, True])
    np.testing.assert_allclose(metrics.iou(matrix), [2 / 4, 1 / 3])
    assert metrics.mean_iou(matrix, both) == pytest.approx((2 / 4 + 1 / 3) / 2)
    assert metrics.cityscapes_mean_iou(matrix) == pytest.approx((2 / 4 + 1 / 3) / 2)
    assert metrics.pixel_accuracy(matrix) == pytest.approx(3 / 6)
    assert metrics.mean_accuracy(matrix, both) == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert metrics.frequency_weighted_iou(matrix) == pytest.approx((2 / 4 + 1 / 3) / 2)
    np.testing.assert_array_equal(metrics.iou(np.stack([matrix, matrix]))[1], metrics.iou(matrix))
    for wrong, spare in ((prediction, False), (np.full_like(truth, 3), True)):
        with pytest.raises(InputError, match="is no class"):
            metrics.confusion_matrix(truth, wrong, 2, spare=spare)


@pytest.mark.parametrize(("classes", "ignore"), [(1, 255), (255, 255), (254, 254), (5, 0), (5, 3)])
def test_every_number_of_classes_and_ignored_value(classes: int, ignore: int) -> None:
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes + (ignore >= classes), (50, 60)).astype(np.uint8)
    truth[truth == classes] = ignore
    prediction = rng.integers(0, classes, (50, 60)).astype(np.uint8)
    expected = np.zeros((classes, classes), np.int64)
    np.add.at(expected, (truth[truth != ignore], prediction[truth != ignore]), 1)
    matrix = metrics.confusion_matrix(truth, prediction, classes, ignore)
    np.testing.assert_array_equal(matrix, expected)
    assert matrix.dtype == np.int64


@pytest.mark.parametrize(("classes", "spare"), [(256, False), (847, False), (847, True)])
def test_more_classes_than_fit_into_8_bits(classes: int, spare: bool) -> None:
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes, (60, 70)).astype(np.uint16)
    truth[rng.random(truth.shape) < 0.2] = 65535
    prediction = rng.integers(0, classes + spare, truth.shape).astype(np.uint16)
    expected = np.zeros((classes, classes + spare), np.int64)
    np.add.at(expected, (truth[truth != 65535], prediction[truth != 65535]), 1)
    matrix = metrics.confusion_matrix(truth, prediction, classes, spare=spare)
    np.testing.assert_array_equal(matrix, expected)
    assert matrix.dtype == np.int64
    for value in (classes, 65534):
        with pytest.raises(InputError, match=f"truth: {value} is no class; .* ignored is 65535"):
            metrics.confusion_matrix(np.full_like(truth, value), prediction, classes, spare=spare)
    with pytest.raises(InputError, match="prediction: 65535 is no class"):
        metrics.confusion_matrix(truth, truth, classes, spare=spare)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[LabelMap, LabelMap]:
    """Draw a truth and a prediction of four classes; 255 is ignored."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
    truth = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 3, 255])))
    prediction = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 3)))
    return truth, prediction


@pytest.mark.slow
@given(pairs(), st.integers(0, 12))
def test_parts_add_up_in_any_order(maps: tuple[LabelMap, LabelMap], row: int) -> None:
    truth, prediction = maps
    whole = metrics.confusion_matrix(truth, prediction, 4)
    upper = metrics.confusion_matrix(truth[:row], prediction[:row], 4)
    lower = metrics.confusion_matrix(truth[row:], prediction[row:], 4)
    np.testing.assert_array_equal(lower + upper, whole)
    assert whole.sum() == (truth != 255).sum()


@given(pairs(), st.permutations(range(4)))
def test_renaming_the_classes_renames_the_scores(
    maps: tuple[LabelMap, LabelMap], order: list[int]
) -> None:
    truth, prediction = maps
    matrix = metrics.confusion_matrix(truth, prediction, 4)
    table = np.full(256, 255, np.uint8)
    table[:4] = order
    renamed = metrics.confusion_matrix(table[truth], table[prediction], 4)
    np.testing.assert_array_equal(metrics.iou(renamed)[order], metrics.iou(matrix))
    for score in (metrics.pixel_accuracy, metrics.frequency_weighted_iou):
        np.testing.assert_allclose(score(renamed), score(matrix), rtol=1e-12)
    for mean in (metrics.mean_iou, metrics.mean_accuracy):
        np.testing.assert_allclose(
            mean(renamed, metrics.present_classes(renamed)),
            mean(matrix, metrics.present_classes(matrix)),
            rtol=1e-12,
        )


@given(pairs())
def test_a_perfect_prediction_scores_one(maps: tuple[LabelMap, LabelMap]) -> None:
    truth, _ = maps
    if (truth == 255).all():
        return
    matrix = metrics.confusion_matrix(truth, np.where(truth == 255, np.uint8(0), truth), 4)
    class_set = metrics.present_classes(matrix)
    assert metrics.mean_iou(matrix, class_set) == 1
    assert metrics.cityscapes_mean_iou(matrix) == 1
    assert metrics.pixel_accuracy(matrix) == 1
    assert metrics.mean_accuracy(matrix, class_set) == 1
    assert metrics.frequency_weighted_iou(matrix) == 1


@given(pairs())
def test_scores_lie_between_zero_and_one(maps: tuple[LabelMap, LabelMap]) -> None:
    matrix = metrics.confusion_matrix(*maps, 4)
    class_set = metrics.present_classes(matrix)
    for score in (
        metrics.mean_iou(matrix, class_set),
        metrics.cityscapes_mean_iou(matrix),
        metrics.pixel_accuracy(matrix),
        metrics.frequency_weighted_iou(matrix),
    ):
        assert math.isnan(score) or 0 <= score <= 1
    if class_set.any():
        # Classes without ground truth only add zeros to the mean of cityscapesscripts.
        assert metrics.cityscapes_mean_iou(matrix) <= metrics.mean_iou(matrix, class_set) + 1e-12


def test_a_stack_of_matrices_is_scored_one_by_one() -> None:
    stack = np.random.default_rng(0).integers(0, 9, (3, 2, 5, 5))
    stack[0, 0, 4] = stack[0, 0, :, 4] = 0
    class_set = np.array([True, True, False, True, False])
    np.testing.assert_array_equal(metrics.iou(stack)[2, 1], metrics.iou(stack[2, 1]))
    for score in (
        metrics.cityscapes_mean_iou,
        metrics.pixel_accuracy,
        metrics.frequency_weighted_iou,
        metrics.present_classes,
        lambda matrix: metrics.mean_iou(matrix, class_set),
        lambda matrix: metrics.mean_accuracy(matrix, class_set),
    ):
        expected = [[score(matrix) for matrix in row] for row in stack]
        np.testing.assert_allclose(score(stack), expected, rtol=1e-12)
