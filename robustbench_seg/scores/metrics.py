"""From label maps to confusion matrices, and from these to the scores of the protocol.

A matrix is int64 (C, C): rows are ground truth, columns predictions, ignored pixels left out. The
score of a dataset comes from the sum of its matrices. All functions of a matrix also take a stack
(..., C, C) and then return (...) or (..., C). What is undefined is NaN, and a mean over something
undefined is undefined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptions.kernels import kernel

from ..errors import InputError

Matrix = NDArray[np.int64]
Scores = NDArray[np.float64]


def confusion_matrix(
    truth: NDArray[np.uint8], prediction: NDArray[np.uint8], classes: int, ignore: int = 255
) -> Matrix:
    """Count the pixels of each (true class, predicted class): int64 (classes, classes).

    Both maps are uint8 (H, W); pixels whose truth is `ignore` do not count. Raises InputError for
    other types, for maps of different shapes, and for values that are no class.
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
    if prediction.size and prediction.max() >= classes:
        raise InputError(f"prediction: {prediction.max()} is no class; classes are 0-{classes - 1}")

    counts: Matrix = _pairs(truth.ravel(), prediction.ravel(), classes)  # (256, classes)
    counts[ignore] = 0
    strays = np.flatnonzero(counts[classes:].any(axis=1)) + classes
    if strays.size:
        raise InputError(
            f"truth: {strays[0]} is no class; classes are 0-{classes - 1}, ignored is {ignore}"
        )
    return counts[:classes]


@kernel
def _pairs(truth: Any, prediction: Any, classes: int) -> Any:
    """Count the pairs of values of uint8 (pixels,) and (pixels,): int64 (256, classes)."""
    # Neighbours are mostly equal, and adding to one counter twice waits: so four take turns.
    counts = np.zeros((4, 256 * classes), np.int64)
    for pixel in range(len(truth)):
        counts[pixel & 3, truth[pixel] * classes + prediction[pixel]] += 1
    return counts.sum(axis=0).reshape((256, classes))


def present_classes(matrix: Matrix) -> NDArray[np.bool_]:
    """Return which classes have ground truth, bool (C,): the class set of the evaluated frames."""
    return np.asarray(matrix.sum(axis=-1) > 0)


def iou(matrix: Matrix) -> Scores:
    """Return TP / (TP + FP + FN) of each class, float64 (C,); NaN where that is 0 / 0."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return _ratio(hits, matrix.sum(axis=-1) + matrix.sum(axis=-2) - hits)


def mean_iou(matrix: Matrix, class_set: NDArray[np.bool_]) -> Scores:
    """Return the mean IoU over a class set, bool (C,), that is the same for all conditions.

    NaN if the set is empty, or if a class of it occurs in neither truth nor prediction.
    """
    return _mean_over(class_set, iou(matrix))


def cityscapes_mean_iou(matrix: Matrix) -> Scores:
    """Return the mean IoU as cityscapesscripts has it: over classes in truth or prediction.

    A single stray pixel of a class without ground truth adds a 0 to this mean.
    """
    scores = iou(matrix)
    defined = ~np.isnan(scores)
    return _ratio(np.where(defined, scores, 0.0).sum(axis=-1), defined.sum(axis=-1))


def pixel_accuracy(matrix: Matrix) -> Scores:
    """Return the share of the pixels that are predicted right."""
    return _ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum(axis=(-2, -1)))


def mean_accuracy(matrix: Matrix, class_set: NDArray[np.bool_]) -> Scores:
    """Return the mean over the class set of the share of a class's pixels predicted right."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return _mean_over(class_set, _ratio(hits, matrix.sum(axis=-1)))


def frequency_weighted_iou(matrix: Matrix) -> Scores:
    """Return the IoU averaged with each class weighted by its share of the true pixels."""
    pixels = matrix.sum(axis=-1)
    weighted = np.where(pixels > 0, iou(matrix), 0.0) * pixels
    return _ratio(weighted.sum(axis=-1), pixels.sum(axis=-1))


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


def _mean_over(class_set: NDArray[np.bool_], scores: Scores) -> Scores:
    """Return the mean of (..., C) over the classes of the set; NaN if it is empty."""
    chosen = scores[..., class_set]
    return _ratio(chosen.sum(axis=-1), np.asarray(chosen.shape[-1]))


def _ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Scores:
    """Divide; NaN where the denominator is 0."""
    numerator = np.asarray(numerator, dtype=np.float64)
    denominator = np.asarray(denominator, dtype=np.float64)
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator != 0)
    return ratio
