"""Pixel counts of all images, estimated from a sample of them under each condition.

Clean predictions are known for all images, and so is the ground truth. They are the auxiliary
variables. A regression on them, one for each class over all conditions, tells the hits to expect of
an image (model-assisted estimation: Särndal, Swensson & Wretman, "Model Assisted Survey Sampling",
1992, ch. 6). The hits under a condition are a ratio to these (Cochran, "Sampling Techniques", 1977,
ch. 6), in prediction form (Royall, "On finite population sampling theory under certain linear
regression models", 1970): what was seen counts as it is, and only the rest is predicted. A sample
of all images therefore gives their counts, to the bit. False positives are a ratio to the number of
images.

A rare class is in few sampled images of a condition, or in none. Its ratio is drawn towards the
product of three effects, the more so the fewer images show it: a small-area estimator (Rao &
Molina, "Small Area Estimation", 2015, ch. 6). The effects of class and condition are fitted to the
margins of the sample (Deming & Stephan, "On a least squares adjustment of a sampled frequency table
when the expected marginal totals are known", 1940), so that what single conditions owe to the
others cancels in the mean over all of them. That of a class under one corruption comes from all
severities of it, and is itself drawn towards none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .metrics import ratio

Sums = NDArray[np.float64]

_PRIOR_IMAGES = 0.3
"""Weight of the effects, in images that show the class."""
_CORRUPTION_IMAGES = 1.0
"""Weight of no effect of a class under one corruption, in images that show the class."""
_MISSED = 0.1
"""Chance that a pixel missed on the clean image is found, relative to one that was found, before
the sample says more; it weighs as much as one image."""
_FITS = 3
"""Number of times that the effects are fitted to each margin."""
_ONE = 1024
"""A pixel, in the fixed-point numbers of `expected_hits`."""


class SampleSums(NamedTuple):
    """Sums over the images that were seen under each draw, and over all images.

    Leading axes (...) are resamples, or none. D are the draws, clean first, C the classes and
    categories.
    """

    correct: Sums
    """(..., D, C) over the seen images."""
    predicted: Sums
    """(..., D, C) over the seen images."""
    expected: Sums
    """Expected hits of the seen images: (..., D, C)."""
    seen: Sums
    """Number of images seen: (..., D, 1)."""
    all_expected: Sums
    """Expected hits of all images: (..., 1, C)."""
    truth: Sums
    """Ground truth of all images: (..., 1, C)."""
    images: Sums
    """Number of all images: (..., 1, 1)."""
    showing: Sums
    """Effective number of images that show a class: (..., 1, C)."""


def expected_hits(counts: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the hits to expect of each image under the mean condition, int64 (images, C).

    `counts` are (images, D, 3, C), clean first, 0 where an image was not `seen` (images, D). The
    hits are a share of the pixels that the clean prediction found, and a lower one of those that it
    missed, by weighted least squares. Fixed-point numbers, so that sums over images are exact.
    """
    found, truth = (counts[:, 0, place].astype(np.float64) for place in (0, 1))  # (images, C)
    missed = truth - found
    often = seen[:, 1:].sum(axis=1)[:, np.newaxis]  # (images, 1)
    hits = counts[:, 1:, 0].sum(axis=1, dtype=np.float64)  # (images, D, C) -> (images, C)
    weight = _filled(np.ones_like(truth), truth)  # the variance of hits is about that of pixels
    simple = _filled(hits.sum(axis=0), (often * (found + _MISSED * missed)).sum(axis=0))  # (C,)
    image = _filled(truth.sum(axis=0), (truth > 0).sum(axis=0))
    a = (often * weight * found**2).sum(axis=0) + image
    b = (often * weight * found * missed).sum(axis=0)
    c = (often * weight * missed**2).sum(axis=0) + image
    d = (weight * found * hits).sum(axis=0) + image * simple
    e = (weight * missed * hits).sum(axis=0) + image * simple * _MISSED
    of_found = _filled(d * c - e * b, a * c - b**2)
    of_found = np.where(of_found > 0, of_found, simple)
    of_missed = np.clip(_filled(a * e - b * d, a * c - b**2), 0, of_found)
    return np.rint(_ONE * (of_found * found + of_missed * missed)).astype(np.int64)


def estimated_counts(sums: SampleSums, corruptions: NDArray[np.intp]) -> Sums:
    """Return the counts of all images (..., D, 3, C): correct, truth, predicted.

    `corruptions` has the number of the corruption of each draw, from 0: (D,).
    """
    members = (corruptions == np.arange(corruptions.max() + 1)[:, np.newaxis]).astype(np.float64)
    per_image = _filled(sums.all_expected, sums.showing)
    correct = _total(sums.correct, sums.expected, sums.all_expected, per_image, members)
    alarms = sums.predicted - sums.correct
    false = _total(alarms, sums.seen, sums.images, np.ones(1), members)
    truth = np.broadcast_to(sums.truth, correct.shape)
    return np.stack([correct, truth, correct + false], axis=-2)


def _total(sample: Sums, size: Sums, total: Sums, per_image: Sums, members: Sums) -> Sums:
    """Return the totals (..., D, C) of a variable that is about proportional to another.

    `sample` has the sums of the variable over what was seen, `size` those of the other, `total` and
    `per_image` the other's sum and mean over all images. `members` are the draws of each
    corruption, 0 or 1: (corruptions, D).
    """
    size = np.broadcast_to(size, sample.shape)
    prior = _effects(sample, size, total)
    mean = members @ prior / members.sum(axis=1, keepdims=True)  # (..., corruptions, C)
    none = _CORRUPTION_IMAGES * per_image * mean
    by_corruption = _filled(members @ sample + none, members @ (prior * size) + none)
    prior = prior * (members.T @ by_corruption)  # (..., corruptions, C) -> (..., D, C)
    prior_size = _PRIOR_IMAGES * per_image
    rate = _filled(sample + prior_size * prior, size + prior_size)
    return sample + (total - size) * rate


def _effects(sample: Sums, size: Sums, total: Sums) -> Sums:
    """Return ratios sample / size (..., D, C) as products of effects of class and of draw."""
    by_draw = np.ones((*sample.shape[:-1], 1))
    for _ in range(_FITS):
        by_class = _by_class(sample, size * by_draw)
        scale = np.where(by_class > 0, by_class * total, np.inf)  # classes count alike
        by_draw = _filled(
            (sample / scale).sum(axis=-1, keepdims=True),
            (size * by_class / scale).sum(axis=-1, keepdims=True),
        )
    return _by_class(sample, size * by_draw) * by_draw


def _by_class(sample: Sums, size: Sums) -> Sums:
    """Return the ratio of each class over all draws but the clean one, (..., 1, C)."""
    return _filled(*(part[..., 1:, :].sum(axis=-2, keepdims=True) for part in (sample, size)))


def _filled(numerator: NDArray[Any], denominator: NDArray[Any]) -> Sums:
    """Divide; 0 where the denominator is 0."""
    return np.nan_to_num(ratio(numerator, denominator))
