"""The bins in which confidences are counted, and the counts of the counter `calibration`.

A confidence is a float32 from 0 to 1. Up to 59/60 the fine bins are 600ths; from there to 1 they
are 16 for each halving of the doubt, 1 - confidence, down to a doubt of 2^-20. So confidences of
networks, most of which are near 1, are told apart, and the edges of 10, 12, 15, 20, 30 and 60 equal
bins are among those of the fine ones. A bin holds its lower edge and not its upper one, as in
torchmetrics and the BRAVO toolkit; the last one holds 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

UNIFORM = 600
"""Number of uniform bins from 0 to 1, of which those below `LAST_UNIFORM` are used."""
LAST_UNIFORM = 59 * UNIFORM // 60
FIRST_HALVING, LAST_HALVING = 6, 20
PARTS = 16
"""Bins of each halving of the doubt."""


def _doubts() -> NDArray[np.float64]:
    """Return the edges of the fine bins as doubts, from 1 to 0: (B + 1,)."""
    halvings = np.arange(FIRST_HALVING, LAST_HALVING)[:, np.newaxis]  # (H, 1)
    parts = 2 - np.arange(PARTS) / PARTS  # (P,): floating-point numbers are uniform in a halving
    return np.concatenate(
        (
            1 - np.arange(LAST_UNIFORM + 1) / UNIFORM,
            (parts * 2.0 ** -(halvings + 1)).ravel(),  # (H, P) -> (H * P,)
            [2.0**-LAST_HALVING, 0],
        )
    )


_DOUBTS = _doubts()
EDGES = 1 - _DOUBTS
"""Edges of the fine bins, (B + 1,)."""
BINS = len(EDGES) - 1
DOUBTS = (_DOUBTS[:-1] + _DOUBTS[1:]) / 2
"""Doubt that stands for those in a bin, (B,): the middle."""
COARSE_STARTS = np.concatenate(
    (
        np.arange(0, LAST_UNIFORM + 1, UNIFORM // 60),
        np.arange(LAST_UNIFORM + 1, BINS, PARTS // 2),
    )
)
"""First fine bin of each coarse one, by which confidences are counted for each class: 60ths up to
59/60, and from there two for each halving of the doubt."""
COARSE = len(COARSE_STARTS)
UNITS = 1024
"""Sums of Brier scores and of negative log-likelihoods are counted in 1024ths."""
DOUBT_UNITS = 2**20
"""Sums of doubts are counted in these parts."""
LARGEST_NLL = 64
"""A pixel's negative log-likelihood counts as at most this many nats: a probability of 1.6e-28."""


class ConfidenceCounts(NamedTuple):
    """Counts of the pixels with ground truth: arrays of the same leading shape."""

    wrong: NDArray[Any]
    """Wrongly predicted pixels in each fine bin, (..., B)."""
    right: NDArray[Any]
    """Rightly predicted ones, (..., B)."""
    by_class: NDArray[Any]
    """Wrong and right pixels predicted as each class, in coarse bins: (..., columns, 2, coarse)."""
    sums: NDArray[Any] | None
    """Sums of Brier scores and of negative log-likelihoods over all classes, in `UNITS`: (..., 2).

    None where predictions were scored as other classes than those that have probabilities."""


def counts_length(classes: int, columns: int) -> int:
    """Return the length of the counts for C classes and a number of values of a prediction."""
    return 2 * BINS + columns * 2 * COARSE + 2 * (columns == classes)


def split_counts(counts: NDArray[Any]) -> ConfidenceCounts:
    """Return the parts of counts (..., n)."""
    bins, by_class = counts[..., : 2 * BINS], counts[..., 2 * BINS :]
    length = by_class.shape[-1] // (2 * COARSE) * (2 * COARSE)
    by_class, sums = by_class[..., :length], by_class[..., length:]
    return ConfidenceCounts(
        bins[..., :BINS],
        bins[..., BINS:],
        by_class.reshape(*counts.shape[:-1], -1, 2, COARSE),
        sums if sums.shape[-1] else None,
    )
