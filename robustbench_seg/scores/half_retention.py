"""The severity at which mIoU falls to half of what it is on clean images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pandas as pd

from .intervals import ResampledScore
from .policy import SeverityPolicy
from .statistics import LEVEL, Samples
from .tables import CLEAN_KEY, complete, condition_means

HALF_COLUMNS = ["model", "corruption", "value", "low", "high", "kept"]
MEAN = "mean"
"""Name of the curve that is the mean over the corruptions."""


def half_retention(models: Mapping[str, ResampledScore], policy: SeverityPolicy) -> pd.DataFrame:
    """List where the curves of each model reach half of clean mIoU: columns `HALF_COLUMNS`.

    `value` is the severity, interpolated between those that were run, with the ends of its 95 %
    interval: infinite where the highest severity is not enough, minus infinite where the lowest is
    too much. `kept` is the share of clean mIoU at the highest severity. A suite of several
    corruptions has the mean over them too.
    """
    rows = [(model, *row) for model, scores in models.items() for row in _of_model(scores, policy)]
    return pd.DataFrame(rows, columns=HALF_COLUMNS)


def _of_model(
    scores: ResampledScore, policy: SeverityPolicy
) -> Iterator[tuple[str, float, float, float, float]]:
    value, samples = complete(scores.values, policy), complete(scores.samples, policy)
    severities = np.array(policy.severities, float)
    names = [*policy.corruptions, *([MEAN] if len(policy.corruptions) > 1 else [])]
    for name in names:
        curve = _shares(value, policy, name)
        (found,) = crossings(curve, severities)
        low, high = _ends(crossings(_shares(samples, policy, name), severities))
        yield name, float(found), low, high, float(curve[0, -1])


def _shares(rows: pd.DataFrame, policy: SeverityPolicy, name: str) -> Samples:
    """Return the share of clean mIoU at each severity, one row each; NaN where clean is 0."""
    names = policy.corruptions if name == MEAN else (name,)
    curve = {severity: product(names, (severity,)) for severity in policy.severities}
    scores = condition_means(rows, policy, {"clean": [CLEAN_KEY], **curve}).to_numpy()
    clean, corrupted = scores[:, :1], scores[:, 1:]  # (rows, 1), (rows, severities)
    share: Samples = corrupted / np.where(clean > 0, clean, np.nan)
    return share


def crossings(shares: Samples, severities: Samples) -> Samples:
    """Return the severity at which each of some curves (N, S) first falls to 1/2: (N,).

    Infinite where it never does, minus infinite where it begins lower; NaN where a number of the
    curve is.
    """
    low = shares <= 0.5
    first = low.argmax(axis=1)
    rows, before = np.arange(len(shares)), np.maximum(first - 1, 0)
    above, below = shares[rows, before], shares[rows, first]
    part = np.zeros(len(shares))
    np.divide(above - 0.5, above - below, out=part, where=above > below)
    found = severities[before] + part * (severities[first] - severities[before])
    found = np.where(first == 0, -math.inf, found)
    found = np.where(low.any(axis=1), found, math.inf)
    return np.where(np.isnan(shares).any(axis=1), math.nan, found)


def _ends(samples: Samples) -> tuple[float, float]:
    """Return the ends of the percentile interval; the outer sample where one lies between two."""
    ordered = np.sort(samples[~np.isnan(samples)])
    if not ordered.size:
        return math.nan, math.nan
    last = ordered.size - 1
    low, high = math.floor((1 - LEVEL) / 2 * last), math.ceil((1 + LEVEL) / 2 * last)
    return float(ordered[low]), float(ordered[high])
