"""The counter of confidences: how sure a model is where it is right, and where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from ...label_types import LabelMap, ignored_label
from ..confidence_bins import (
    BINS,
    COARSE_STARTS,
    EDGES,
    FIRST_HALVING,
    LARGEST_NLL,
    LAST_HALVING,
    LAST_UNIFORM,
    PARTS,
    UNIFORM,
    UNITS,
    counts_length,
    split_counts,
)
from ..metrics import check_label_maps, unknown_label
from .counter import MOST_PIXELS, Counts, Measure, Prediction, first_wrong

if TYPE_CHECKING:
    from ..calibration_counts import CalibrationCounts
    from ..pixel_counts import PixelCounts

_FINE_UNITS = 2**24
"""A pixel's scores are rounded to this part, and only the sum of a frame to `UNITS`."""


class Confidence(Measure):
    """Wrong and right pixels by confidence, and sums of Brier scores and of log-likelihoods: (n,).

    `confidence_bins.split_counts` says what is where. Ignored pixels count nowhere. The two sums
    are there where the model's classes are those of the data.
    """

    name = "calibration"
    needs_probabilities = True
    most = MOST_PIXELS * LARGEST_NLL * UNITS

    def __init__(self, parameter: str = "") -> None:
        """Take no parameter; ValueError for another than the empty one."""
        if parameter:
            raise ValueError("calibration takes nothing after a colon; write calibration")

    def shape(self, classes: int, columns: int) -> tuple[int, ...]:
        """Return the shape of the counts of one prediction, (n,)."""
        return (counts_length(classes, columns),)

    def count(self, truth: LabelMap, prediction: Prediction, classes: int, columns: int) -> Counts:
        """Count the confidences; InputError as of `metrics.confusion_matrix`."""
        counts = np.zeros(self.shape(classes, columns), np.int64)
        check_label_maps(truth, prediction.labels, classes, spare=columns > classes)
        ignore = ignored_label(truth.dtype)
        if prediction.probabilities is None:
            return counts
        bins = np.zeros((columns, 2, BINS), np.int32)
        sums = np.zeros(2, np.int64)
        top, log_truth, brier = (each.ravel() for each in prediction.probabilities)
        labels = prediction.labels.ravel()  # (H, W) -> (pixels,)
        unknown = _count(truth.ravel(), labels, top, log_truth, brier, classes, ignore, bins, sums)
        if unknown != ignore:
            raise unknown_label(unknown, classes, ignore)
        counts[: 2 * BINS] = bins.sum(axis=0).ravel()  # (columns, 2, B) -> (2 * B,)
        by_class = np.add.reduceat(bins, COARSE_STARTS, axis=2).ravel()
        counts[2 * BINS : 2 * BINS + len(by_class)] = by_class
        if columns == classes:
            per_unit = _FINE_UNITS // UNITS
            counts[-2:] = (sums + per_unit // 2) // per_unit
        return counts

    def problem(
        self,
        counts: Counts,
        pixels: NDArray[np.int64],
        classes: Sequence[str],  # noqa: ARG002
    ) -> tuple[int, str] | None:
        """Return counts that no truth and prediction of such a frame can have."""
        wrong, right, by_class, sums = split_counts(counts)
        total = pixels.sum(axis=1)  # (N, C) -> (N,)
        total = total * counts.any(axis=1)  # a model that gives labels alone has no counts
        bins = np.stack((wrong, right), axis=1)  # (N, 2, B)
        coarse = np.add.reduceat(bins, COARSE_STARTS, axis=2)  # (N, 2, coarse)
        problems = [
            (bins.sum(axis=(1, 2)) != total, "has other numbers of confidences than of pixels"),
            (coarse != by_class.sum(axis=1), "has other confidences by class than in all"),
        ]
        if sums is not None:
            most = total[:, np.newaxis] * (2 * UNITS, LARGEST_NLL * UNITS)  # (N, 2)
            problems.append((sums > most, "has larger Brier scores or log-likelihoods than can be"))
        found = (first_wrong(where, words) for where, words in problems)
        return next((problem for problem in found if problem), None)

    def measured(self, like: PixelCounts, columns: int) -> CalibrationCounts:
        """Return what keeps the counts of one model for its scores, empty."""
        from ..calibration_counts import CalibrationCounts

        own_classes = columns == len(like.classes)
        return CalibrationCounts(len(like.seen), like.draws, own_classes)


_ONE = np.float32(1)
_UNIFORM = np.float32(UNIFORM)
_EDGES = EDGES[: LAST_UNIFORM + 1].astype(np.float32)
_LAST_EDGE = _EDGES[-1]
# float32 has 23 bits of mantissa: 16 parts of each halving are told apart by the first 4.
_SHIFT = np.int32(23 - (PARTS.bit_length() - 1))
_FIRST_DOUBT, _LAST_DOUBT = np.float32(2.0**-FIRST_HALVING), np.float32(2.0**-LAST_HALVING)
_FIRST_PART = int((_FIRST_DOUBT.view(np.int32) - np.int32(1)) >> _SHIFT)


@kernel
def _bin(confidence: np.float32) -> int:
    """Return the fine bin of a confidence."""
    if confidence < _LAST_EDGE:
        number = int(confidence * _UNIFORM)
        # The product is rounded, and may be on the other side of an edge.
        if confidence < _EDGES[number]:
            return number - 1
        return number + int(confidence >= _EDGES[number + 1])
    doubt = _ONE - confidence  # exact
    if doubt > _FIRST_DOUBT:
        return LAST_UNIFORM
    if doubt <= _LAST_DOUBT:
        return BINS - 1
    part = (np.float32(doubt).view(np.int32) - np.int32(1)) >> _SHIFT
    return LAST_UNIFORM + 1 + _FIRST_PART - int(part)


@kernel
def _count(
    truth: Any,
    labels: Any,
    top: Any,
    log_truth: Any,
    brier: Any,
    classes: int,
    ignore: int,
    bins: Any,
    sums: Any,
) -> int:
    """Count pixels in bins (columns, 2, B), and add their scores to sums (2,).

    Returns a value of the truth that is no class, or `ignore`.
    """
    for pixel in range(len(truth)):
        if truth[pixel] < classes:
            right = np.int64(truth[pixel] == labels[pixel])
            bins[labels[pixel], right, _bin(top[pixel])] += 1
            nll = min(-log_truth[pixel], np.float32(LARGEST_NLL))
            sums[0] += np.int64(brier[pixel] * np.float64(_FINE_UNITS) + 0.5)
            sums[1] += np.int64(nll * np.float64(_FINE_UNITS) + 0.5)
        elif truth[pixel] != ignore:
            return int(truth[pixel])
    return ignore
