"""Scores of confidences: calibration, and how well confidence tells errors.

Functions take `bins` (..., 3, B) of coarse bins: wrong pixels, right ones, and the sum of their
doubts, 1 - confidence, in `DOUBT_UNITS`. The sum is that of the middles of the fine bins, which are
within 1/1200 of every doubt in them, and within a 32nd of a doubt below 1/64: so an ECE or MCE of
equally wide bins is off by at most 1/1200. Scores that depend on the order of confidences alone
take the pixels of a coarse bin as tied: an AUROC is off by at most half the share of the pairs of a
wrong and a right pixel that lie in one bin.

A score is NaN where it is not defined: without pixels, or an AUROC without a wrong pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .confidence_bins import (
    COARSE,
    COARSE_STARTS,
    DOUBTS,
    EDGES,
    UNITS,
    ConfidenceCounts,
    split_counts,
)
from .image_counts import ConditionKey, DrawKey, ImageCounts
from .measured import Measured
from .metrics import Matrix, Scores, ratio
from .sum_bootstrap import SumBootstrap, sum_bootstraps

ECE_BINS = 15
"""Number of bins of an ECE, as of Guo et al., "On Calibration of Modern Neural Networks", ICML
2017, and of the BRAVO toolkit."""
_FEWER = {"resamples": 500, "flips": 2**10}
"""Numbers of resamples and of exchanges: scores of 89 bins take longer than mIoU."""
DOUBT_UNITS = 2**20
_FINE_UNITS = 2**30
_FINE_DOUBTS = np.rint(DOUBTS * _FINE_UNITS).astype(np.int64)
# Mean of (confidence - 1)^2 where right and of confidence^2 where wrong, and of -log(confidence)
# and -log(1 - confidence): wrong and right, (2, B) each.
_TOP_BRIER, _TOP_NLL = (
    np.rint(np.stack(values) * 2**10 * UNITS).astype(np.int64)
    for values in (((1 - DOUBTS) ** 2, DOUBTS**2), (-np.log(DOUBTS), -np.log1p(-DOUBTS)))
)
_SUMS = ("top_label_brier", "top_label_nll", "brier", "nll")
"""Scores that are means over pixels, whose sums are kept.

The first two are of the event that the prediction is right, the others of all classes; Brier's
score (1950) of these is the sum of (probability - truth)^2, from 0 to 2. A logarithm is natural. A
pixel's `nll` counts as at most 64, its `top_label_nll` as at most 14.6, by a doubt of 2^-21."""


def coarse_bins(counts: ConfidenceCounts) -> NDArray[np.int64]:
    """Return the bins of counts (..., n): int64 (..., 3, COARSE)."""
    pixels = counts.wrong + counts.right  # (..., B)
    parts = np.stack((counts.wrong, counts.right, pixels * _FINE_DOUBTS), axis=-2)  # (..., 3, B)
    bins = np.add.reduceat(parts, COARSE_STARTS, axis=-1)  # (..., 3, COARSE)
    per_unit = _FINE_UNITS // DOUBT_UNITS
    bins[..., 2, :] = (bins[..., 2, :] + per_unit // 2) // per_unit
    return bins


def mean_sums(counts: ConfidenceCounts) -> NDArray[np.int64]:
    """Return the sums of `_SUMS` in `UNITS`, and the number of pixels: int64 (..., 5).

    Those of all classes are 0 where predictions were scored as other classes.
    """
    bins = np.stack((counts.wrong, counts.right), axis=-2)  # (..., 2, B)
    top = [((bins * fine).sum(axis=(-2, -1)) + 2**9) // 2**10 for fine in (_TOP_BRIER, _TOP_NLL)]
    pixels = bins.sum(axis=(-2, -1))
    full = np.zeros((*pixels.shape, 2), np.int64) if counts.sums is None else counts.sums
    return np.stack((*top, full[..., 0], full[..., 1], pixels), axis=-1)


class Reliability(NamedTuple):
    """Reliability curve: one value for each bin of confidence, (..., bins) each."""

    confidence: Scores
    """Mean confidence of the pixels in the bin; NaN where it is empty."""
    accuracy: Scores
    """Share of them that is right; NaN where it is empty."""
    share: Scores
    """Share of all pixels that is in the bin."""


def reliability(bins: NDArray[Any]) -> Reliability:
    """Return the reliability curve of bins (..., 3, B), or of those of `equal_width`."""
    pixels, right, confidence = _sums(bins)
    total = pixels.sum(axis=-1, keepdims=True)
    return Reliability(ratio(confidence, pixels), ratio(right, pixels), ratio(pixels, total))


def equal_width(bins: NDArray[Any], number: int = ECE_BINS) -> NDArray[Any]:
    """Merge coarse bins (..., 3, COARSE) into equally wide ones, whose number divides 60."""
    wanted = np.arange(number) / number - 1e-9  # an edge may be rounded up
    starts = np.searchsorted(EDGES[COARSE_STARTS], wanted)
    return np.add.reduceat(bins, starts, axis=-1)  # (..., 3, COARSE) -> (..., 3, number)


def calibration_error(bins: NDArray[Any]) -> Scores:
    """Return the mean over pixels of |mean confidence - accuracy| of their bin: (...).

    With the 15 bins of `equal_width` it is the expected calibration error (Naeini et al., AAAI
    2015; Guo et al., ICML 2017).
    """
    pixels, right, confidence = _sums(bins)
    return ratio(np.abs(confidence - right).sum(axis=-1), pixels.sum(axis=-1))


def largest_calibration_error(bins: NDArray[Any]) -> Scores:
    """Return the largest |mean confidence - accuracy| of a bin (Naeini et al., AAAI 2015): MCE."""
    pixels, right, confidence = _sums(bins)
    error = np.abs(ratio(confidence - right, pixels))
    largest = np.where(pixels > 0, error, -np.inf).max(axis=-1)
    return np.where(largest >= 0, largest, np.nan)


def equal_mass_error(bins: NDArray[Any]) -> Scores:
    """Return the calibration error over 15 bins with equal numbers of pixels.

    Nguyen & O'Connor, EMNLP 2015. The pixels of a bin on the border of two are divided in
    proportion.
    """
    pixels, right, confidence = map(_cumulated, _sums(bins))  # (..., B + 1)
    shares = np.arange(ECE_BINS + 1) / ECE_BINS
    parts = np.diff(np.stack(_at(pixels, shares, pixels, right, confidence)))
    return ratio(np.abs(parts[2] - parts[1]).sum(axis=-1), parts[0].sum(axis=-1))


def mean_confidence(bins: NDArray[Any]) -> Scores:
    """Return the mean confidence: the pixel accuracy, where a model is calibrated as a whole."""
    pixels, _, confidence = _sums(bins)
    return ratio(confidence.sum(axis=-1), pixels.sum(axis=-1))


def auroc(bins: NDArray[Any]) -> Scores:
    """Return the area under the ROC curve of telling errors by confidence.

    The probability that a right pixel is surer than a wrong one, ties counting half (Hendrycks &
    Gimpel, ICLR 2017). It is the same with right and with wrong pixels as the positives.
    """
    wrong, right = bins[..., 0, :], bins[..., 1, :]
    wrong_below = _cumulated(wrong)[..., :-1] + wrong / 2  # (..., B)
    pairs = right.sum(axis=-1) * wrong.sum(axis=-1).astype(np.float64)
    return ratio((right * wrong_below).sum(axis=-1), pairs)


def fpr95(bins: NDArray[Any]) -> Scores:
    """Return the share of wrong pixels that are as sure as the surest 95 % of right ones.

    The false positive rate at a true positive rate of 95 %, with right pixels as the positives, as
    in the BRAVO toolkit. The pixels of a bin count in proportion.
    """
    wrong, right = (_cumulated(bins[..., part, ::-1]) for part in (0, 1))  # the surest first
    accepted = ratio(_at(right, [0.95], wrong)[0][..., 0], wrong[..., -1])
    return np.where(right[..., -1] > 0, accepted, np.nan)


def aurc(bins: NDArray[Any]) -> Scores:
    """Return the area under the risk-coverage curve (Geifman & El-Yaniv, NIPS 2017).

    The mean, over all numbers of the surest pixels, of the share of them that is wrong. Within a
    bin, wrong pixels are spread evenly.
    """
    wrong = bins[..., 0, ::-1].astype(np.float64)  # (..., B), the surest first
    pixels = wrong + bins[..., 1, ::-1]
    share = np.nan_to_num(ratio(wrong, pixels))
    before, wrong_before = (_cumulated(part)[..., :-1] for part in (pixels, wrong))
    # Integral of (wrong_before + share t) / (before + t) over t from 0 to the bin's pixels.
    logarithm = np.log1p(np.nan_to_num(ratio(pixels, before)))
    area = share * pixels + (wrong_before - share * before) * logarithm
    return ratio(area.sum(axis=-1), pixels.sum(axis=-1))


def excess_aurc(bins: NDArray[Any]) -> Scores:
    """Return how much AURC exceeds that of confidences that tell all errors: E-AURC.

    Geifman et al., ICLR 2019: that one is r + (1 - r) log(1 - r), r being the share of wrong
    pixels.
    """
    risk = risk_at(bins, [1.0])[..., 0]
    logarithm = np.log(np.where(risk < 1, 1 - risk, 1))
    return aurc(bins) - (risk + (1 - risk) * logarithm)


def risk_at(bins: NDArray[Any], coverages: Sequence[float] | NDArray[np.float64]) -> Scores:
    """Return the share of wrong pixels among the surest, for each coverage above 0: (..., n)."""
    wrong, right = (_cumulated(bins[..., part, ::-1]) for part in (0, 1))  # the surest first
    pixels = wrong + right
    return ratio(_at(pixels, coverages, wrong)[0], pixels[..., -1:] * np.asarray(coverages))


def accuracy_at(coverage: float) -> Callable[[NDArray[Any]], Scores]:
    """Return a function of bins: the share of right pixels among the surest."""

    def accuracy(bins: NDArray[Any]) -> Scores:
        return np.asarray(1 - risk_at(bins, [coverage])[..., 0])

    return accuracy


BIN_SCORES: Mapping[str, Callable[[NDArray[Any]], Scores]] = {
    "ece": lambda bins: calibration_error(equal_width(bins)),
    "ece_equal_mass": equal_mass_error,
    "mce": lambda bins: largest_calibration_error(equal_width(bins)),
    "mean_confidence": mean_confidence,
    "auroc": auroc,
    "fpr95": fpr95,
    "aurc": aurc,
    "e_aurc": excess_aurc,
    "accuracy_surest_50": accuracy_at(0.5),
    "accuracy_surest_80": accuracy_at(0.8),
    "accuracy_surest_95": accuracy_at(0.95),
}
"""Scores of coarse bins (..., 3, COARSE), (...) each, in the order of tables."""


ERRORS = ("ece", "ece_equal_mass", "mce", "fpr95", "aurc", "e_aurc")
"""Those of which lower ones are better."""


class CalibrationCounts(Measured):
    """Coarse bins of the confidences of one model, and sums of its Brier scores and the like."""

    def __init__(self, images: int, draws: Sequence[DrawKey], own_classes: bool):
        """Start with zeros; `own_classes` are those of the data, not mapped to them."""
        self.bins = ImageCounts(images, draws, (3, COARSE), np.int64)
        self._sums = ImageCounts(images, draws, (len(_SUMS) + 1,), np.int64)
        self._own_classes = own_classes

    def add(
        self,
        images: Sequence[int],
        draws: Sequence[DrawKey],
        matrices: Matrix,  # noqa: ARG002
        counts: NDArray[np.int64],
    ) -> None:
        """Keep counts (N, n) of the counter `calibration`."""
        parts = split_counts(counts)
        self.bins.add_counts(images, draws, coarse_bins(parts))
        self._sums.add_counts(images, draws, mean_sums(parts))

    def in_order(self, images: NDArray[np.intp]) -> Self:
        """Return the counts of a selection of the images, in the order of their indices."""
        return self._with(self.bins.in_order(images), self._sums.in_order(images))

    def only(self, seen: NDArray[np.bool_]) -> Self:
        """Return the counts of a part of what was seen, (images, draws)."""
        return self._with(self.bins.only(seen), self._sums.only(seen))

    def _with(self, bins: ImageCounts, sums: ImageCounts) -> Self:
        other = copy(self)
        other.bins, other._sums = bins, sums
        return other

    def bins_of(self, conditions: Iterable[ConditionKey]) -> NDArray[np.int64]:
        """Return the sums over images of the coarse bins under some conditions: (3, COARSE)."""
        columns = [draw for condition in conditions for draw in self.bins.conditions[condition]]
        bins: NDArray[np.int64] = self.bins.counts[:, columns].sum(axis=(0, 1), dtype=np.int64)
        return bins

    def scores(self, groups: Sequence[str] | None = None) -> Mapping[str, SumBootstrap]:
        """Return `BIN_SCORES` and `top_label_brier`, `top_label_nll`, `brier` and `nll`.

        The last two are there where the model's classes are those of the data.
        """
        names = _SUMS if self._own_classes else _SUMS[:2]
        means = {name: _mean_of(place) for place, name in enumerate(names)}
        found = sum_bootstraps(self.bins, BIN_SCORES, groups, errors=ERRORS, **_FEWER)
        return found | sum_bootstraps(self._sums, means, groups, errors=names, **_FEWER)


def _mean_of(place: int) -> Callable[[NDArray[Any]], Scores]:
    def mean(sums: NDArray[Any]) -> Scores:
        return ratio(sums[..., place] / UNITS, sums[..., -1])

    return mean


def _sums(bins: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the pixels, the right ones, and the sum of confidences of bins (..., 3, B)."""
    wrong, right, doubt = np.moveaxis(bins, -2, 0)  # (..., 3, B) -> 3 x (..., B)
    pixels = wrong + right
    return pixels, right, pixels - doubt / DOUBT_UNITS


def _cumulated(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sums of the values before each, and of all: (..., B) -> (..., B + 1)."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1), values.dtype)
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    return sums


def _at(
    cumulated: NDArray[Any],
    shares: Sequence[float] | NDArray[np.float64],
    *others: NDArray[Any],
) -> list[Scores]:
    """Return other sums (..., B + 1) where `cumulated` reaches shares of its end: (..., shares).

    Within a bin, all grow in proportion.
    """
    targets = np.asarray(shares) * cumulated[..., -1:]  # (..., shares)
    # The bin that a share is reached in: the last with less before it.
    below = cumulated[..., np.newaxis, :] < targets[..., np.newaxis]  # (..., shares, B + 1)
    place = np.maximum(below.sum(axis=-1) - 1, 0)  # (..., shares)
    start, end = (np.take_along_axis(cumulated, place + step, -1) for step in (0, 1))
    weight = np.nan_to_num(ratio(targets - start, end - start))
    found = []
    for other in others:
        low, high = (np.take_along_axis(other, place + step, -1) for step in (0, 1))
        found.append(low + weight * (high - low))
    return found
