"""The sign-flip test of paired differences, against scipy's permutation test and in simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.scores import metrics
from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.corruption_error import corruption_errors
from robustbench_seg.scores.intervals import paired_differences
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.statistics import p_value
from robustbench_seg.scores.tables import suite_scores
from tests.helpers.sample_runs import SUITE

KEYS = [("clean", 0), *SUITE.corrupted]
scores_of = partial(suite_scores, suite=SUITE)
Counts = NDArray[np.int64]


def simulated(
    units: int, seed: int, better: float = 0.0, keys: int = len(KEYS)
) -> tuple[Counts, Counts]:
    """Return counts (units, conditions, 3, 3) of two models; the second is better."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(500, 1500, (units, 1, 3)) * (rng.random((units, 1, 3)) < 0.8)
    truth[:, :, 0] += 100
    hard = rng.normal(0, 0.1, (units, 1, 1)) + np.linspace(0, 0.3, keys)[:, np.newaxis]
    models = []
    for shift in (0.0, better):
        rate = 0.7 + shift - hard + rng.normal(0, 0.1, (units, keys, 3))
        hits = (truth * np.clip(rate, 0.05, 0.95)).astype(np.int64)
        alarms = np.roll(truth - hits, 1, axis=-1)  # what is missed is taken for the next class
        models.append(np.stack([hits, truth + 0 * hits, hits + alarms], axis=2))
    return models[0], models[1]


def bootstrap(counts: Counts, groups: Sequence[str] | None = None) -> Bootstrap:
    """Wrap counts (units, conditions, 3, C) of `KEYS`; one category holds all classes."""
    units, keys, _, classes = counts.shape
    draws = [(*key, 0) for key in KEYS[:keys]]
    names = [str(place) for place in range(classes)]
    found = PixelCounts(units, draws, names, ["all"] * classes, np.ones(classes, bool))
    found.counts = np.concatenate([counts, counts.sum(axis=-1, keepdims=True)], axis=-1)
    found.seen[:] = True
    return Bootstrap(found, groups, resamples=50)


def compared(
    first: Counts,
    second: Counts,
    derive: Callable[[pd.DataFrame], pd.DataFrame] = scores_of,
    groups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the table of paired differences."""
    own, theirs = (bootstrap(counts, groups) for counts in (first, second))
    return paired_differences(own, theirs, derive, SUITE.corruptions)


def p_of_clean(first: Counts, second: Counts, groups: Sequence[str] | None = None) -> float:
    """Return the p-value of the clean mIoU."""
    exchanged = bootstrap(first, groups).exchanged(bootstrap(second, groups))
    return float(p_value((exchanged[1] - exchanged[0])["clean"].to_numpy())[0])


def miou(counts: Counts) -> NDArray[np.float64]:
    """Return the mIoU of summed counts (units, conditions, 3, C): (conditions,)."""
    sums = metrics.ClassCounts(*np.moveaxis(counts.sum(axis=0), 1, 0))
    return metrics.mean_iou(sums, sums.truth > 0)


def errors(scores: pd.DataFrame) -> pd.DataFrame:
    """Return CD and rCD against the printed scores of a third model."""
    printed = pd.DataFrame({"clean": [0.8], "fog": [0.6], "gaussian_noise": [0.5]})
    found = corruption_errors(scores_of(scores), printed, SUITE)
    return found.set_axis(["CD fog", "CD noise", "CD", "rCD fog", "rCD noise", "rCD"], axis=1)


@pytest.mark.parametrize("units", [8, 11])
def test_exact_p_values_of_means_are_those_of_scipy(units: int) -> None:
    rng = np.random.default_rng(units + 1)
    better = np.array([[0.0], [0.1]])
    hits = (100_000 * (rng.beta(4, 2, (2, units)) + better)).astype(np.int64)
    # One class that is as large in each image and has no false alarm: its IoU is a plain mean.
    first, second = (
        np.stack([own, 0 * own + 120_000, own], axis=1)[:, np.newaxis, :, np.newaxis]
        for own in hits
    )
    theirs = stats.permutation_test(
        (hits[1], hits[0]),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**units,
    ).pvalue
    assert 2 / 2**units < theirs < 0.9
    assert p_of_clean(first, second) == pytest.approx(theirs, rel=1e-12)


def test_sampled_p_values_are_those_of_scipy() -> None:
    first, second = simulated(40, 3, 0.015, keys=1)
    both, unit = np.concatenate([first, second]), np.arange(40)
    theirs = stats.permutation_test(
        (unit + 40, unit),
        lambda x, y: float(miou(both[x])[0] - miou(both[y])[0]),
        permutation_type="samples",
        vectorized=False,
        n_resamples=1000,
        rng=np.random.default_rng(0),
    ).pvalue
    assert 0.05 < theirs < 0.5
    spread = math.sqrt(theirs * (1 - theirs) / 1000)
    assert p_of_clean(first, second) == pytest.approx(theirs, abs=3 * spread)


@pytest.mark.parametrize("derive", [scores_of, errors])
def test_exact_p_values_of_ratios_are_those_of_scipy(
    derive: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    pair = simulated(8, 4, 0.05)
    both, unit = np.concatenate(pair), np.arange(8)
    found = compared(*pair, derive)["p"].dropna()
    assert len(found) >= 6
    # scipy's function takes one score at a time: all exchanges are scored here, once.
    second = np.arange(256)[:, np.newaxis] >> unit & 1  # (exchanges, units)
    rows = [miou(both[unit + 8 * chosen]) for chosen in second]
    scores = derive(pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(KEYS)))

    def row(units: NDArray[np.int64]) -> int:
        return int((units >= 8) @ 2**unit)

    for name, p in found.items():
        column = scores[name].to_numpy()
        theirs = stats.permutation_test(
            (unit + 8, unit),
            lambda x, y, column=column: column[row(x)] - column[row(y)],
            permutation_type="samples",
            vectorized=False,
            n_resamples=2**8,
        )
        assert p == pytest.approx(theirs.pvalue, rel=1e-12), name


def test_no_p_value_is_below_two_of_all_exchanges() -> None:
    for units in (8, 12):
        found = compared(*simulated(units, 1, 0.25))
        assert found["p"].min() == found["p"]["clean"] == 2 / 2**units
        assert (found["n_units"] == units).all()
        assert found["p_holm"]["fog"] == pytest.approx(2 * 2 / 2**units)


def test_fewer_than_eight_units_have_no_p_value() -> None:
    cities = [str(place % 7) for place in range(70)]
    for pair, groups in ((simulated(7, 1, 0.2), None), (simulated(70, 1, 0.2), cities)):
        found = compared(*pair, groups=groups)
        assert found["difference"]["clean"] > 0
        assert found[["p", "p_holm", "low", "high"]].isna().all(axis=None)
        assert (found["n_units"] == 7).all()


@pytest.mark.parametrize("units", [8, 9, 10])
def test_an_interval_needs_ten_units(units: int) -> None:
    found = compared(*simulated(units, 1, 0.2)).loc["clean"]
    assert not np.isnan(found["p"])
    assert np.isnan(found["low"]) == np.isnan(found["high"]) == (units < 10)


def test_the_units_are_those_of_the_condition_that_has_fewest() -> None:
    pair = simulated(12, 1, 0.2)
    for counts in pair:
        counts[7:, 1:4] = 0  # five of the images were not seen in fog
    found = compared(*pair)
    assert found["n_units"][["clean", "gaussian_noise"]].tolist() == [12, 12]
    assert found["n_units"][["fog", "suite score"]].tolist() == [7, 7]
    uncertain = found[["p", "low", "high"]]
    assert uncertain.loc[["fog", "suite score"]].isna().all(axis=None)
    assert uncertain.loc[["clean", "gaussian_noise"]].notna().all(axis=None)


def test_clusters_are_exchanged_whole() -> None:
    pair = simulated(60, 2, 0.02)
    cities = [str(place % 10) for place in range(60)]
    first, second = (
        np.stack([counts[city::10].sum(axis=0) for city in range(10)]) for counts in pair
    )
    grouped = compared(*pair, groups=cities)
    pd.testing.assert_frame_equal(grouped, compared(first, second))
    assert (grouped["n_units"] == 10).all()
    assert grouped["p"]["clean"] != p_of_clean(*pair)


@pytest.mark.parametrize("units", [8, pytest.param(16, marks=pytest.mark.slow)])
def test_equal_models_differ_at_p_below_5_percent_in_at_most_6_percent_of_runs(units: int) -> None:
    p = np.array([p_of_clean(*simulated(units, seed, keys=1)) for seed in range(300)])
    assert 0.02 <= (p < 0.05).mean() <= 0.06
