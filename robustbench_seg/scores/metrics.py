"""Confusion matrices of label maps, and the metrics computed from them.

A confusion matrix is int64 (C, C): rows are true classes, columns predicted ones; ignored pixels do
not count. With a spare column, (C, C + 1), the last one holds predictions of no class: they count
as missed, and as false positives of no class. The score of a dataset comes from the sum of its
matrices. All functions of a matrix also take its `ClassCounts`, or a stack (..., C, C), and then
return (...) or (..., C). An undefined score is NaN, and so is a mean over one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..corruptions.compiling import kernel
from ..errors import InputError
from ..label_types import MOST_CLASSES, LabelMap, ignored_label

Matrix = NDArray[np.int64]
Scores = NDArray[np.float64]


def confusion_matrix(
    truth: LabelMap,
    prediction: LabelMap,
    classes: int,
    ignore: int | None = None,
    *,
    spare: bool = False,
) -> Matrix:
    """Count the pixels of each (true class, predicted class): int64 (classes, classes).

    Both maps are uint8 or uint16 (H, W). Pixels whose truth is `ignore` do not count, by default
    255, in uint16 65535. With `spare`, the prediction may also hold the value `classes` for "no
    class", and the result is (classes, classes + 1). Raises InputError for other types, different
    shapes, and values that are no class.
    """
    check_label_maps(truth, prediction, classes, spare=spare)
    columns = classes + spare
    ignore = ignored_label(truth.dtype) if ignore is None else ignore
    unknown: NDArray[np.integer[Any]]
    if classes <= 255 and truth.dtype == prediction.dtype == np.uint8:
        counts: Matrix = _pair_counts(truth.ravel(), prediction.ravel(), columns)  # (256, columns)
        counts[ignore] = 0
        unknown = np.flatnonzero(counts[classes:].any(axis=1)) + classes
    else:
        unknown = truth[(truth >= classes) & (truth != ignore)]
        known = (truth < classes) & (truth != ignore)  # (H, W)
        pairs = truth[known] * np.int64(columns) + prediction[known]  # (H, W) -> (pixels,)
        flat = np.bincount(pairs, minlength=classes * columns)
        counts = flat.astype(np.int64, copy=False).reshape(classes, columns)
    if unknown.size:
        raise unknown_label(int(unknown[0]), classes, ignore)
    return counts[:classes]


def check_label_maps(
    truth: LabelMap, prediction: LabelMap, classes: int, *, spare: bool = False
) -> None:
    """Raise InputError as `confusion_matrix` does, except for values of the truth."""
    for name, labels in (("truth", truth), ("prediction", prediction)):
        if labels.dtype not in (np.uint8, np.uint16) or labels.ndim != 2:
            raise InputError(
                f"{name}: expected a label map, uint8 or uint16 (H, W); got {labels.dtype} "
                f"{labels.shape}"
            )
    if truth.shape != prediction.shape:
        raise InputError(f"truth is {truth.shape}, prediction {prediction.shape}: sizes must agree")
    if not 1 <= classes <= MOST_CLASSES:
        raise InputError(f"classes: expected 1 to {MOST_CLASSES}, got {classes}")
    if prediction.size and prediction.max() >= classes + spare:
        raise InputError(f"prediction: {prediction.max()} is no class; classes are 0-{classes - 1}")


def unknown_label(label: int, classes: int, ignore: int) -> InputError:
    """Return the error of a label in the truth that is no class."""
    return InputError(
        f"truth: {label} is no class; classes are 0-{classes - 1}, ignored is {ignore}"
    )


@kernel
def _pair_counts(truth: Any, prediction: Any, columns: int) -> Any:
    """Count the value pairs of uint8 (pixels,) and uint8 (pixels,): int64 (256, columns)."""
    # Neighbouring pixels are mostly equal, and an increment waits for the previous one of the same
    # counter: four histograms take turns.
    counts = np.zeros((4, 256 * columns), np.int64)
    for pixel in range(len(truth)):
        counts[pixel & 3, truth[pixel] * columns + prediction[pixel]] += 1
    return counts.sum(axis=0).reshape((256, columns))


class ClassCounts(NamedTuple):
    """Pixels per class, (..., C) each, int64 or float64: all that the metrics need of a matrix."""

    correct: NDArray[Any]
    """Pixels of the class predicted as it: true positives."""
    truth: NDArray[Any]
    """Pixels of the class in the ground truth."""
    predicted: NDArray[Any]
    """Pixels predicted as the class."""


def class_counts(matrix: Matrix) -> ClassCounts:
    """Return the counts of a matrix (..., C, C) or (..., C, C + 1)."""
    correct = np.diagonal(matrix, axis1=-2, axis2=-1)
    predicted = matrix.sum(axis=-2)[..., : matrix.shape[-2]]  # (..., C or C + 1) -> (..., C)
    return ClassCounts(correct, matrix.sum(axis=-1), predicted)


def category_counts(matrix: Matrix, categories: Sequence[str]) -> ClassCounts:
    """Return the counts of a matrix (..., C, C) by category, (..., K) each.

    `categories` names the category of each class; the K are in the order of their first class.
    Confusing two classes of one category is correct here, as in cityscapesscripts.
    """
    members, same_category = _membership(tuple(categories))
    _, truth, predicted = class_counts(matrix)
    correct = np.einsum("...ij,ij->...i", matrix[..., : len(categories)], same_category)  # (..., C)
    return ClassCounts(*(part @ members for part in (correct, truth, predicted)))  # (..., K)


@cache
def _membership(categories: tuple[str, ...]) -> tuple[Matrix, Matrix]:
    """Return 0-1 matrices: classes of each category, (C, K), and of the same category, (C, C)."""
    order = list(dict.fromkeys(categories))
    members = np.array([[name == other for name in order] for other in categories], np.int64)
    return members, members @ members.T


def present_classes(matrix: Matrix | ClassCounts) -> NDArray[np.bool_]:
    """Return the classes with ground truth, bool (C,): the class set of the evaluated frames."""
    return np.asarray(_as_counts(matrix).truth > 0)


def iou(matrix: Matrix | ClassCounts) -> Scores:
    """Return TP / (TP + FP + FN) of each class, float64 (C,); NaN where that is 0 / 0."""
    correct, truth, predicted = _as_counts(matrix)
    return ratio(correct, truth + predicted - correct)


def mean_iou(matrix: Matrix | ClassCounts, class_set: NDArray[np.bool_]) -> Scores:
    """Return the mean IoU over a class set, bool (C,), or (..., C) for a stack.

    NaN if the set is empty, or if one of its classes occurs in neither truth nor prediction.
    """
    return _mean_over(class_set, iou(matrix))


def cityscapes_mean_iou(matrix: Matrix | ClassCounts) -> Scores:
    """Return the mean IoU of cityscapesscripts: over the classes in truth or prediction.

    One pixel predicted as a class without ground truth adds a 0 to this mean.
    """
    scores = iou(matrix)
    return _mean_over(~np.isnan(scores), scores)


def pixel_accuracy(matrix: Matrix | ClassCounts) -> Scores:
    """Return the share of correctly predicted pixels."""
    correct, truth, _ = _as_counts(matrix)
    return ratio(correct.sum(axis=-1), truth.sum(axis=-1))


def mean_accuracy(matrix: Matrix | ClassCounts, class_set: NDArray[np.bool_]) -> Scores:
    """Return the mean over the class set of each class's share of correctly predicted pixels."""
    correct, truth, _ = _as_counts(matrix)
    return _mean_over(class_set, ratio(correct, truth))


def frequency_weighted_iou(matrix: Matrix | ClassCounts) -> Scores:
    """Return the mean IoU, each class weighted by its share of the true pixels."""
    truth = _as_counts(matrix).truth
    weighted = np.where(truth > 0, iou(matrix), 0.0) * truth
    return ratio(weighted.sum(axis=-1), truth.sum(axis=-1))


class Totals(NamedTuple):
    """Counts summed over images, and the class sets that means go over: (..., C) or (..., K)."""

    classes: ClassCounts
    class_set: NDArray[np.bool_]
    categories: ClassCounts
    category_set: NDArray[np.bool_]


METRICS: dict[str, Callable[[Totals], Scores]] = {
    "miou": lambda sums: mean_iou(sums.classes, sums.class_set),
    "miou_cityscapes": lambda sums: cityscapes_mean_iou(sums.classes),
    "category_miou": lambda sums: mean_iou(sums.categories, sums.category_set),
    "pixel_accuracy": lambda sums: pixel_accuracy(sums.classes),
    "mean_accuracy": lambda sums: mean_accuracy(sums.classes, sums.class_set),
    "frequency_weighted_iou": lambda sums: frequency_weighted_iou(sums.classes),
}
"""Metrics over all classes, in the order of the tidy table: each returns (...) for its totals."""


def _as_counts(matrix: Matrix | ClassCounts) -> ClassCounts:
    return matrix if isinstance(matrix, ClassCounts) else class_counts(matrix)


def _mean_over(class_set: NDArray[np.bool_], scores: Scores) -> Scores:
    """Return the mean of (..., C) over the classes of the set; NaN if it is empty."""
    # There are at most MOST_CLASSES, and small integers are faster to count with.
    number = class_set.sum(axis=-1, dtype=np.uint16)
    return ratio(np.where(class_set, scores, 0.0).sum(axis=-1), number)


def ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> Scores:
    """Divide; NaN where the denominator is 0."""
    larger = max(numerator, denominator, key=np.size)
    found = np.full_like(larger, np.nan, dtype=np.float64)
    np.true_divide(numerator, denominator, out=found, where=denominator != 0)
    return found
