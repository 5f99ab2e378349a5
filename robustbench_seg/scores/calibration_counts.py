"""The counts of confidences of one model, from which `calibration` is computed and resampled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .calibration import BIN_SCORES, ERRORS
from .confidence_bins import (
    COARSE,
    COARSE_STARTS,
    DOUBT_UNITS,
    DOUBTS,
    UNITS,
    ConfidenceCounts,
    split_counts,
)
from .image_counts import ConditionKey, DrawKey, ImageCounts
from .measured import Measured
from .metrics import Matrix, Scores, ratio
from .sum_bootstrap import SumBootstrap, sum_bootstraps

_FEWER = {"resamples": 500, "flips": 2**10}
"""Numbers of resamples and of exchanges: scores of 89 bins take longer than mIoU."""
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
pixel's `nll` counts as at most 64, its `top_label_nll` as at most 14.6, by a doubt of 2^-21.
"""


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

        The last two are there where the model's classes are those of the data, and more is known
        than confidences: sums of 0 cannot be, where these show doubt.
        """
        doubt, _, *full, _ = self._sums.counts.sum(axis=(0, 1))
        known = self._own_classes and (any(full) or not doubt)
        names = _SUMS if known else _SUMS[:2]
        means = {name: partial(_mean_of, place) for place, name in enumerate(names)}
        found = sum_bootstraps(self.bins, BIN_SCORES, groups, errors=ERRORS, **_FEWER)
        return found | sum_bootstraps(self._sums, means, groups, errors=names, **_FEWER)


def _mean_of(place: int, sums: NDArray[Any]) -> Scores:
    return ratio(sums[..., place] / UNITS, sums[..., -1])
