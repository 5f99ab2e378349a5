"""Worst cases of a suite: the lowest scores, the harmonic mean, and each frame at its worst.

The harmonic mean of scores is low if a single one is; BRAVO (Vu et al., 2024) sums its own up so.
The worst of all frames together is how SEA (Croce et al., ECCV 2024) scores its attacks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from .bootstrap import Bootstrap
from .breakdowns import frame_miou
from .metrics import mean_iou
from .pixel_counts import PixelCounts
from .policy import SeverityPolicy
from .sampled import Estimates
from .statistics import Samples, interval
from .tables import category_scores, complete, corruption_scores

WORST_COLUMNS = ["model", "score", "value", "low", "high", "at", "share"]
OF_FRAMES = WORST_OF_EACH_FRAME, WORST_TOGETHER = (
    "worst of each frame",
    "worst of all frames together",
)


def worst_table(
    models: Mapping[str, Bootstrap | Estimates],
    policy: SeverityPolicy,
    groups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """List the worst cases of each model with 95 % intervals: columns `WORST_COLUMNS`.

    `worst corruption` and `worst category` are the lowest score, `at` which it is, and the `share`
    of the resamples in which it is the same one. `harmonic mean` is that of the corruptions'
    scores. `worst of each frame` is the mIoU of one confusion matrix to which each frame adds the
    corruption and severity, of those that count, under which its own mIoU is lowest; `at` is the
    corruption of the largest `share` of frames. For `worst of all frames together` frames then
    exchange theirs, one after the other, as long as that lowers the mIoU of the whole matrix. A
    sampled run has neither. `groups` are as in `Bootstrap`.
    """
    rows = [
        (model, *row)
        for model, bootstrap in models.items()
        for row in (*_of_suite(bootstrap, policy), *_of_frames(bootstrap, policy, groups))
    ]
    return pd.DataFrame(rows, columns=WORST_COLUMNS)


Row = tuple[str, float, float, float, str, float]
"""The columns after `model`."""


def _of_suite(bootstrap: Bootstrap | Estimates, policy: SeverityPolicy) -> Iterator[Row]:
    """Yield the lowest scores and the harmonic mean."""
    value, samples = (
        corruption_scores(complete(rows, policy), policy)
        for rows in (bootstrap.values, bootstrap.samples)
    )
    yield _lowest("worst corruption", value, samples)
    categories = (category_scores(rows, policy) for rows in (value, samples))
    yield _lowest("worst category", *categories)
    yield _row("harmonic mean", harmonic_mean(value), harmonic_mean(samples))


def harmonic_mean(scores: pd.DataFrame) -> Samples:
    """Return the harmonic mean of each row; 0 if a score is 0, NaN if one is missing."""
    numbers = scores.to_numpy(float)
    with np.errstate(divide="ignore"):
        mean: Samples = 1.0 / (1.0 / numbers).mean(axis=1)
    return mean


def _lowest(score: str, value: pd.DataFrame, samples: pd.DataFrame) -> Row:
    lowest, of_samples = (rows.min(axis=1, skipna=False).to_numpy() for rows in (value, samples))
    if math.isnan(lowest[0]):
        return _row(score, lowest, of_samples)
    at = str(value.iloc[0].idxmin())
    same = samples[at].to_numpy() == of_samples
    share = math.nan if np.isnan(of_samples).any() else float(same.mean())
    return _row(score, lowest, of_samples, at, share)


def _of_frames(
    bootstrap: Bootstrap | Estimates, policy: SeverityPolicy, groups: Sequence[str] | None
) -> Iterator[Row]:
    """Yield the scores with each frame at its worst, where all frames are known."""
    if isinstance(bootstrap, Estimates):
        return
    counts = bootstrap.pixel_counts
    draws = _counted_draws(counts, policy)
    if not draws:
        return
    alone = _worst_draws(counts, draws)
    for score, chosen in (
        (WORST_OF_EACH_FRAME, alone),
        (WORST_TOGETHER, _worst_together(counts, draws, alone)),
    ):
        worst = Bootstrap(counts.under(chosen), groups)
        value, samples = (rows.to_numpy()[:, 0] for rows in (worst.values, worst.samples))
        names, numbers = np.unique([counts.draws[each][0] for each in chosen], return_counts=True)
        share = float(numbers.max() / len(chosen))
        yield _row(score, value, samples, str(names[numbers.argmax()]), share)


def _counted_draws(counts: PixelCounts, policy: SeverityPolicy) -> list[int]:
    """Return the draws (columns of the counts) of what counts and was run."""
    keys = {(each.corruption, level) for each in policy.columns for level in each.counted}
    return [place for key, own in counts.conditions.items() if key in keys for place in own]


def _worst_draws(counts: PixelCounts, draws: list[int]) -> list[int]:
    """Return, of some draws, that of each frame with its lowest mIoU."""
    miou = frame_miou(counts)[:, draws]
    lowest = np.where(np.isnan(miou), np.inf, miou).argmin(axis=1)
    found: list[int] = np.array(draws)[lowest].tolist()
    return found


def _worst_together(counts: PixelCounts, draws: list[int], chosen: list[int]) -> list[int]:
    """Return a draw of each frame, so that no other one of a single frame lowers the mIoU of all.

    Frames exchange the `chosen` ones in their order, round by round.
    """
    chosen, seen = [*chosen], counts.seen[:, draws]
    total = counts.counts[range(len(chosen)), chosen].sum(axis=0)  # (3, C + K)
    lowest, changed = math.inf, True
    while changed:
        changed = False
        for image, own in enumerate(counts.counts[:, draws]):  # (draws, 3, C + K)
            rest = total - counts.counts[image, chosen[image]]
            totals = counts.totals(rest + own)
            miou = np.where(seen[image], mean_iou(totals.classes, totals.class_set), np.inf)
            if miou.min() < lowest:
                lowest, place = miou.min(), int(miou.argmin())
                changed |= chosen[image] != draws[place]
                chosen[image], total = draws[place], rest + own[place]
    return chosen


def _row(
    score: str, value: Samples, samples: Samples, at: str = "", share: float = math.nan
) -> Row:
    low, high = interval(samples[:, np.newaxis])
    return score, float(value[0]), float(low[0]), float(high[0]), at, share
