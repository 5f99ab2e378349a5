"""Pixel counts of all images, estimated from a sample of them under each condition.

Clean predictions are known for all images, and so is the ground truth. They are the auxiliary
variables: how much a corruption leaves of the clean hits varies far less from image to image than
the hits themselves. This is the ratio estimator (Cochran, "Sampling Techniques", 1977, ch. 6) in
its prediction form (Royall, "On finite population sampling theory under certain linear regression
models", 1970): what was seen counts as it is, and only the rest is predicted. A sample of all
images therefore gives their counts, to the bit.

A rare class is in few sampled images of a condition, or in none. Its ratio is drawn towards that of
the class under all conditions times that of the condition over all classes, the more so the fewer
images show it: a small-area estimator (Rao & Molina, "Small Area Estimation", 2015, ch. 6).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .metrics import ratio

Sums = NDArray[np.float64]

PRIOR_IMAGES = 0.3
"""Weight of the ratio over all conditions, in images that show the class."""
FOUND = 10
"""Weight of a pixel that was found on the clean image, relative to one that was missed."""


class SampleSums(NamedTuple):
    """Sums over the images that were seen under each draw, and over all images.

    Leading axes (...) are resamples, or none. D are the draws, C the classes and categories.
    """

    correct: Sums
    """(..., D, C) over the seen images."""
    predicted: Sums
    """(..., D, C) over the seen images."""
    expected: Sums
    """Clean hits, and a part of the clean misses, of the seen images: (..., D, C)."""
    seen: Sums
    """Number of images seen: (..., D, 1)."""
    all_expected: Sums
    """As `expected`, of all images: (..., 1, C)."""
    truth: Sums
    """Ground truth of all images: (..., 1, C)."""
    images: Sums
    """Number of all images: (..., 1, 1)."""
    showing: Sums
    """Effective number of images that show a class: (..., 1, C)."""


def expected_hits(correct: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.int64]:
    """Return what corrupted hits are about proportional to: int64, as clean hits and truth.

    Whole numbers: their sums are exact, so that all images leave exactly nothing to be predicted.
    """
    return np.asarray(FOUND * correct.astype(np.int64) + (truth - correct))


def estimated_counts(sums: SampleSums) -> Sums:
    """Return the counts of all images (..., D, 3, C): correct, truth, predicted."""
    correct = _predicted_total(
        sums.correct,
        sums.expected,
        sums.all_expected,
        PRIOR_IMAGES * ratio(sums.all_expected, sums.showing),
    )
    false = _predicted_total(
        sums.predicted - sums.correct, sums.seen, sums.images, np.array(PRIOR_IMAGES)
    )
    truth = np.broadcast_to(sums.truth, correct.shape)
    return np.stack([correct, truth, correct + false], axis=-2)


def _predicted_total(sample: Sums, size: Sums, total: Sums, prior_size: NDArray[Any]) -> Sums:
    """Return the totals (..., D, C) of a variable that is about proportional to another.

    `sample` has the sums of the variable over what was seen, `size` those of the other, and `total`
    the sum of the other over all images. The ratio over all conditions weighs as much as
    `prior_size` of the other.
    """
    by_class = _filled(sample.sum(axis=-2, keepdims=True), size.sum(axis=-2, keepdims=True))
    scale = np.where(by_class > 0, by_class * total, np.inf)  # classes count alike, large or small
    by_condition = _filled(
        (sample / scale).sum(axis=-1, keepdims=True),
        (size * by_class / scale).sum(axis=-1, keepdims=True),
    )
    prior = by_class * by_condition  # (..., D, C)
    prior_size = np.nan_to_num(prior_size)
    rate = _filled(sample + prior_size * prior, size + prior_size)
    return sample + (total - size) * rate


def _filled(numerator: NDArray[Any], denominator: NDArray[Any]) -> Sums:
    return np.nan_to_num(ratio(numerator, denominator))
