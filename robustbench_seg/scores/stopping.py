"""When a sampled run may stop: what a target still needs, and when a difference is decided.

A difference is looked at again and again, and at each look it could seem decided by luck. Therefore
it is judged by a confidence sequence: intervals that all hold at once, at any number of looks, with
probability 1 - ERROR. The error of an estimate from n of N cells, multiplied by the information
u = 1 / variance, moves like Brownian motion in u, also without replacement, where u grows without
bound as n reaches N. The boundary is the two-sided normal mixture of Robbins (1970) as in Howard,
Ramdas, McAuliffe & Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences"
(Annals of Statistics, 2021). The variance is estimated (Waudby-Smith et al., "Time-uniform central
limit theory and asymptotic confidence sequences", Annals of Statistics, 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, log, sqrt

import numpy as np

from .intervals import Derive
from .sampled import Sampled
from .statistics import interval

TOLERANCE = 0.005
"""Largest difference, as a fraction, of models that are called equally robust."""

ERROR = 0.05
"""Largest probability of a wrong decision, over all looks."""


def half_width(sampled: Sampled, derive: Derive, score: str) -> float:
    """Return half the width of the 95 % interval over the sample of a derived score.

    `derive` is that of the suite, as for `intervals.intervals`. 0 once all images are seen.
    """
    samples = derive(sampled.over_sample.samples)[[score]].to_numpy(float)
    low, high = interval(samples)
    return float(high[0] - low[0]) / 2


def needed_share(half_width: float, share: float, target: float, size: float = 1.0) -> float:
    """Return the share of the cells, 0 to 1, after which half an interval is about `target` wide.

    `half_width` is the one after `share`, 0 to 1, of this run or of a pilot on frames of the same
    kind; `size` is the number of all cells, relative to the pilot's. The variance of an estimate
    from n of N is proportional to 1 / n - 1 / N (Cochran, "Sampling Techniques", 1977, ch. 2).
    """
    if not half_width:
        return 0.0
    return 1 / (1 + size * (target / half_width) ** 2 * (1 / share - 1))


@dataclass(frozen=True)
class Decision:
    """A difference of two scores, as a fraction, with the ends of its confidence sequence."""

    difference: float
    low: float
    high: float
    tolerance: float = TOLERANCE

    @property
    def differ(self) -> bool:
        """Whether the second is better (difference above 0) or worse than the first."""
        return self.low > 0 or self.high < 0

    @property
    def alike(self) -> bool:
        """Whether the difference is within the tolerance."""
        return -self.tolerance <= self.low and self.high <= self.tolerance

    @property
    def decided(self) -> bool:
        """Whether the run may stop."""
        return self.differ or self.alike


def decision(
    first: Sampled, second: Sampled, derive: Derive, score: str = "suite score"
) -> Decision:
    """Return the difference of a derived score, second minus first, and whether it is decided.

    Both must have the same sample of the same images.
    """
    ours, theirs = (
        [derive(part)[score].to_numpy(float) for part in (item.values, item.samples)]
        for item in (first.over_sample, second.over_sample)
    )
    difference = float((theirs[0] - ours[0])[0])
    reach = boundary(float(np.std(theirs[1] - ours[1], ddof=1)))
    return Decision(difference, difference - reach, difference + reach)


def boundary(standard_error: float, tolerance: float = TOLERANCE, error: float = ERROR) -> float:
    """Return the distance of the ends of the confidence sequence from the estimate.

    It is tightest, 3.0 standard errors, where it is about as wide as the tolerance.
    """
    if isnan(standard_error):
        return inf
    if standard_error == 0:
        return 0.0
    tight = 2 * log(1 / error) + log(1 + 2 * log(1 / error))
    mixing = (3 / tolerance) ** 2 / tight  # prior variance of the mixture, in units of information
    spread = mixing * standard_error**2
    return standard_error * sqrt((1 + spread) * (2 * log(1 / error) + log(1 + 1 / spread)))
