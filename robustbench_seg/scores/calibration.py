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

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .confidence_bins import COARSE_STARTS, DOUBT_UNITS, EDGES
from .metrics import Scores, ratio

ECE_BINS = 15
"""Number of bins of an ECE, as of Guo et al., "On Calibration of Modern Neural Networks", ICML
2017, and of the BRAVO toolkit."""


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
    gaps = _at(pixels, shares, confidence - right)  # (..., bins + 1)
    return ratio(np.abs(np.diff(gaps)).sum(axis=-1), pixels[..., -1])


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
    accepted = ratio(_at(right, [0.95], wrong)[..., 0], wrong[..., -1])
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
    return ratio(_at(pixels, coverages, wrong), pixels[..., -1:] * np.asarray(coverages))


def accuracy_at(coverage: float, bins: NDArray[Any]) -> Scores:
    """Return the share of right pixels among the surest."""
    return np.asarray(1 - risk_at(bins, [coverage])[..., 0])


def _in_equal_width(score: Callable[[NDArray[Any]], Scores], bins: NDArray[Any]) -> Scores:
    return score(equal_width(bins))


# No lambdas, which cannot be pickled.
BIN_SCORES: Mapping[str, Callable[[NDArray[Any]], Scores]] = {
    "ece": partial(_in_equal_width, calibration_error),
    "ece_equal_mass": equal_mass_error,
    "mce": partial(_in_equal_width, largest_calibration_error),
    "mean_confidence": mean_confidence,
    "auroc": auroc,
    "fpr95": fpr95,
    "aurc": aurc,
    "e_aurc": excess_aurc,
    "accuracy_surest_50": partial(accuracy_at, 0.5),
    "accuracy_surest_80": partial(accuracy_at, 0.8),
    "accuracy_surest_95": partial(accuracy_at, 0.95),
}
"""Scores of coarse bins (..., 3, COARSE), (...) each, in the order of tables."""


ERRORS = ("ece", "ece_equal_mass", "mce", "fpr95", "aurc", "e_aurc")
"""Those of which lower ones are better."""


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
    cumulated: NDArray[Any], shares: Sequence[float] | NDArray[np.float64], other: NDArray[Any]
) -> Scores:
    """Return another sum (..., B + 1) where `cumulated` reaches shares of its end: (..., shares).

    Within a bin, both grow in proportion.
    """
    targets = np.asarray(shares) * cumulated[..., -1:]  # (..., shares)
    # The bin that a share is reached in: the last with less before it.
    below = cumulated[..., np.newaxis, :] < targets[..., np.newaxis]  # (..., shares, B + 1)
    place = np.maximum(below.sum(axis=-1) - 1, 0)  # (..., shares)
    start, end = (np.take_along_axis(cumulated, place + step, -1) for step in (0, 1))
    low, high = (np.take_along_axis(other, place + step, -1) for step in (0, 1))
    return np.asarray(low + np.nan_to_num(ratio(targets - start, end - start)) * (high - low))
