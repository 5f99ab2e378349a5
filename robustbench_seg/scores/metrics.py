"""From label maps to confusion matrices, and from these to the scores of the protocol.

A matrix is int64 (C, C): rows are ground truth, columns predictions, ignored pixels left out. It
may have one more column, (C, C + 1), for predictions that are none of the classes: these count as
missed, and as a false alarm of nothing. The score of a dataset comes from the sum of its matrices.
All functions of a matrix also take its `Counts`, or a stack (..., C, C), and then return (...) or
(..., C). What is undefined is NaN, and a mean over something undefined is undefined.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptions.kernels.compiling import kernel

from ..errors import InputError

Matrix = NDArray[np.int64]
Scores = NDArray[np.float64]


def confusion_matrix(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    classes: int,
    ignore: int = 255,
    *,
    spare: bool = False,
) -> Matrix:
    """Count the pixels of each (true class, predicted class): int64 (classes, classes).

    Both maps are uint8 (H, W); pixels whose truth is `ignore` do not count. With `spare`, the
    prediction may also hold the value `classes`, which stands for none of them, and the result is
    (classes, classes + 1). Raises InputError for other types, for maps of different shapes, and for
    values that are no class.
    """
    for name, labels in (("truth", truth), ("prediction", prediction)):
        if labels.dtype != np.uint8 or labels.ndim != 2:
            raise InputError(
                f"{name}: expected a label map, uint8 (H, W); got {labels.dtype} {labels.shape}"
            )
    if truth.shape != prediction.shape:
        raise InputError(f"truth is {truth.shape}, prediction {prediction.shape}: sizes must agree")
    if not 1 <= classes <= 255:
        raise InputError(f"classes: expected 1 to 255, got {classes}")
    columns = classes + spare
    if prediction.size and prediction.max() >= columns:
        raise InputError(f"prediction: {prediction.max()} is no class; classes are 0-{classes - 1}")

    counts: Matrix = _pairs(truth.ravel(), prediction.ravel(), columns)  # (256, columns)
    counts[ignore] = 0
    strays = np.flatnonzero(counts[classes:].any(axis=1)) + classes
    if strays.size:
        raise InputError(
            f"truth: {strays[0]} is no class; classes are 0-{classes - 1}, ignored is {ignore}"
        )
    return counts[:classes]


@kernel
def _pairs(truth: Any, prediction: Any, columns: int) -> Any:
    """Count the pairs of values of uint8 (pixels,) and (pixels,): int64 (256, columns)."""
    # Neighbours are mostly equal, and adding to one counter twice waits: so four take turns.
    counts = np.zeros((4, 256 * columns), np.int64)
    for pixel in range(len(truth)):
        counts[pixel & 3, truth[pixel] * columns + prediction[pixel]] += 1
    return counts.sum(axis=0).reshape((256, columns))


class Counts(NamedTuple):
    """All that the scores need of a matrix: pixels of each class, three times (..., C).

    Whole numbers, int64 or float64.
    """

    hits: NDArray[Any]
    """Of the class, and predicted so."""
    truth: NDArray[Any]
    """Of the class."""
    predicted: NDArray[Any]
    """Predicted so, whatever they are of."""


def counts_of(matrix: Matrix) -> Counts:
    """Return the counts of a matrix (..., C, C) or (..., C, C + 1)."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    predicted = matrix.sum(axis=-2)[..., : matrix.shape[-2]]  # (..., C or C + 1) -> (..., C)
    return Counts(hits, matrix.sum(axis=-1), predicted)


def category_counts(matrix: Matrix, categories: Sequence[str]) -> Counts:
    """Return the counts of a matrix (..., C, C) by category, (..., K) each.

    `categories` names that of each class; the K are in the order of their first class. Taking a
    class for another of its category is right here, as in cityscapesscripts.
    """
    members, alike = _members(tuple(categories))
    _, truth, predicted = counts_of(matrix)
    hits = (matrix[..., : len(categories)] * alike).sum(axis=-1)  # (..., C)
    return Counts(hits @ members, truth @ members, predicted @ members)  # (..., C) -> (..., K)


@cache
def _members(categories: tuple[str, ...]) -> tuple[Matrix, Matrix]:
    """Return 0 or 1: which category a class is of, (C, K); which classes are of one, (C, C)."""
    order = list(dict.fromkeys(categories))
    members = np.array([[name == of for name in order] for of in categories], np.int64)
    return members, members @ members.T


def present_classes(matrix: Matrix | Counts) -> NDArray[np.bool_]:
    """Return which classes have ground truth, bool (C,): the class set of the evaluated frames."""
    return np.asarray(_counts(matrix).truth > 0)


def iou(matrix: Matrix | Counts) -> Scores:
    """Return TP / (TP + FP + FN) of each class, float64 (C,); NaN where that is 0 / 0."""
    hits, truth, predicted = _counts(matrix)
    return _ratio(hits, truth + predicted - hits)


def mean_iou(matrix: Matrix | Counts, class_set: NDArray[np.bool_]) -> Scores:
    """Return the mean IoU over a class set, bool (C,), that is the same for all conditions.

    For a stack it may also be (..., C). NaN if the set is empty, or if a class of it occurs in
    neither truth nor prediction.
    """
    return _mean_over(class_set, iou(matrix))


def cityscapes_mean_iou(matrix: Matrix | Counts) -> Scores:
    """Return the mean IoU as cityscapesscripts has it: over classes in truth or prediction.

    A single stray pixel of a class without ground truth adds a 0 to this mean.
    """
    scores = iou(matrix)
    return _mean_over(~np.isnan(scores), scores)


def pixel_accuracy(matrix: Matrix | Counts) -> Scores:
    """Return the share of the pixels that are predicted right."""
    hits, truth, _ = _counts(matrix)
    return _ratio(hits.sum(axis=-1), truth.sum(axis=-1))


def mean_accuracy(matrix: Matrix | Counts, class_set: NDArray[np.bool_]) -> Scores:
    """Return the mean over the class set of the share of a class's pixels predicted right."""
    hits, truth, _ = _counts(matrix)
    return _mean_over(class_set, _ratio(hits, truth))


def frequency_weighted_iou(matrix: Matrix | Counts) -> Scores:
    """Return the IoU averaged with each class weighted by its share of the true pixels."""
    truth = _counts(matrix).truth
    weighted = np.where(truth > 0, iou(matrix), 0.0) * truth
    return _ratio(weighted.sum(axis=-1), truth.sum(axis=-1))


def corruption_degradation(scores: Scores, reference: Scores) -> Scores:
    """Return CD = sum of (1 - mIoU) / the same for the reference model.

    Both are (..., S): the mIoU, in [0, 1], at the severities that count. Below 1: degrades less.
    """
    return _ratio((1 - scores).sum(axis=-1), (1 - reference).sum(axis=-1))


def relative_corruption_degradation(
    clean: Scores | float,
    scores: Scores,
    reference_clean: Scores | float,
    reference: Scores,
) -> Scores:
    """Return rCD = sum of (clean mIoU - mIoU) / the same for the reference model.

    `scores` and `reference` are (..., S), at the severities that count; the clean ones (...), or a
    number.
    """
    drop = np.asarray(clean)[..., np.newaxis] - scores  # (..., S)
    reference_drop = np.asarray(reference_clean)[..., np.newaxis] - reference  # (..., S)
    return _ratio(drop.sum(axis=-1), reference_drop.sum(axis=-1))


def _counts(matrix: Matrix | Counts) -> Counts:
    return matrix if isinstance(matrix, Counts) else counts_of(matrix)


def _mean_over(class_set: NDArray[np.bool_], scores: Scores) -> Scores:
    """Return the mean of (..., C) over the classes of the set; NaN if it is empty."""
    return _ratio(np.where(class_set, scores, 0.0).sum(axis=-1), class_set.sum(axis=-1))


def _ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Scores:
    """Divide; NaN where the denominator is 0."""
    numerator = np.asarray(numerator, dtype=np.float64)
    denominator = np.asarray(denominator, dtype=np.float64)
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator != 0)
    return ratio
