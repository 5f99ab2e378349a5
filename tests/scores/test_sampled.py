"""Estimates from samples of a run: exact where all is seen, unbiased, and with honest intervals."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustbench_seg.protocol.suites import CorruptionSuite
from robustbench_seg.scores.bootstrap import MIOU, Bootstrap
from robustbench_seg.scores.estimation import SampleSums, estimated_counts, expected_hits
from robustbench_seg.scores.image_counts import DrawKey
from robustbench_seg.scores.intervals import intervals, paired_intervals, tidy
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.policy import Column
from robustbench_seg.scores.sampled import Sampled
from robustbench_seg.scores.statistics import draw_weights

Values = NDArray[np.float64]
few = settings(max_examples=15)

CLASSES = ("road", "sky", "car", "bus")
SUITE = CorruptionSuite(
    name="tiny",
    title="Tiny",
    source="a test",
    columns=(
        Column("fog", "weather", (1, 2)),
        Column("snow", "weather", (1, 2)),
        Column("contrast", "digital", (1,)),
    ),
    severities=(1, 2, 3, 4, 5),
)
DRAWS: tuple[DrawKey, ...] = (
    ("clean", 0, 0),
    *((name, severity, 0) for name in SUITE.corruptions for severity in SUITE.severities),
)


def made_up(images: int = 40, seed: int = 0, rare: int = 5) -> PixelCounts:
    """Return the counts of a complete run; one of `rare` images shows a bus."""
    rng = np.random.default_rng(seed)
    shows = np.ones((images, 4), bool)
    shows[:, 3] = np.arange(images) % rare == 0
    truth = (rng.lognormal(8, 0.6, (images, 4)) * shows).astype(np.int64)
    kept = 0.9 * 0.85 ** np.array([severity for _, severity, _ in DRAWS])  # (draws,)
    hard = rng.normal(0, 0.4, (images, 1, 4)) + rng.normal(0, 0.3, (images, len(DRAWS), 4))
    rate = 1 / (1 + np.exp(-(np.log(kept / (1 - kept))[:, np.newaxis] + hard)))
    matrices = np.zeros((images, len(DRAWS), 4, 4), np.int64)
    right = (truth[:, np.newaxis] * rate).astype(np.int64)  # (images, draws, C)
    for place in range(4):
        matrices[..., place, place] = right[..., place]
        matrices[..., place, (place + 1) % 4] = truth[:, np.newaxis, place] - right[..., place]
    counts = PixelCounts(images, DRAWS, CLASSES, CLASSES, truth.sum(axis=0) > 0)
    for image in range(images):
        counts.add([image] * len(DRAWS), DRAWS, matrices[image])
    return counts


def sample_of(counts: PixelCounts, seen: NDArray[np.bool_]) -> PixelCounts:
    """Return what a run that saw these images under these draws (images, draws) has."""
    part = counts.in_order(np.arange(len(counts.seen)))
    part.seen = seen | (np.arange(len(DRAWS)) == 0)
    part.counts = np.where(part.seen[..., np.newaxis, np.newaxis], counts.counts, 0)
    return part


def random_sample(counts: PixelCounts, number: int, seed: int) -> PixelCounts:
    """Return a sample of so many random images under each draw."""
    rng = np.random.default_rng(seed)
    order = rng.random(counts.seen.shape).argsort(axis=0)
    return sample_of(counts, order < number)


def test_all_images_give_the_scores_of_the_run_to_the_bit() -> None:
    counts = made_up()
    bootstrap, sampled = Bootstrap(counts, resamples=50), Sampled(counts, resamples=50)
    assert sampled.pixel_counts.seen.all()
    ours, theirs = (tidy({"m": item}, "x") for item in (sampled.over_sample, bootstrap))
    assert ours.drop(columns=["low", "high"]).equals(theirs.drop(columns=["low", "high"]))
    assert (ours["low"] == ours["value"]).all()
    assert (ours["high"] == ours["value"]).all()
    for derived in (sampled.over_sample, sampled.over_images):
        tables = [
            intervals({"m": item}, SUITE.scores, SUITE.class_scores)
            for item in (derived, bootstrap)
        ]
        assert tables[0]["value"].equals(tables[1]["value"])
    images = tidy({"m": sampled.over_images}, "x")
    np.testing.assert_allclose(images["low"], theirs["low"], rtol=1e-9)


def test_seen_conditions_are_exact_and_the_others_have_an_interval() -> None:
    counts = made_up()
    seen = random_sample(counts, 8, seed=0).seen
    seen[:, 3] = True
    sampled = Sampled(sample_of(counts, seen), resamples=200).over_sample
    exact = Bootstrap(counts, resamples=10).values
    found = {
        key: scores.loc[[MIOU]].to_numpy(float)[0, :3] for key, scores in sampled.scores.items()
    }
    assert (found["fog", 3] == exact["fog", 3].iloc[0]).all()
    value, low, high = found["fog", 2]
    assert low < value < high < low + 0.2


TWO = np.array([0, 1])
"""Two draws, of a corruption each."""


def sums_of(clean: Values, hits: Values, alarms: Values, part: list[int]) -> SampleSums:
    """Return the sums of one class, clean and under one draw that was seen on a part."""

    def total(all_seen: Values, sample: Values) -> Values:
        return np.array([[all_seen.sum()], [sample[part].sum()]])

    one = np.ones(len(clean))
    return SampleSums(
        correct=total(clean, hits),
        predicted=total(clean, hits + alarms),
        expected=total(clean, clean),
        seen=total(one, one),
        all_expected=np.array([[clean.sum()]]),
        truth=np.array([[clean.sum()]]),
        images=np.array([[float(len(clean))]]),
        showing=np.array([[float(len(clean))]]),
    )


def test_hits_proportional_to_those_expected_are_exact_in_every_sample() -> None:
    clean = np.array([10.0, 40.0, 20.0, 30.0, 5.0])
    for chosen in combinations(range(5), 2):
        found = estimated_counts(sums_of(clean, 0.5 * clean, 0 * clean, list(chosen)), TWO)
        assert found[1, 0, 0] == pytest.approx(0.5 * clean.sum(), rel=1e-12)


def test_totals_are_unbiased_over_all_samples() -> None:
    clean = np.full(6, 10.0)
    hits, alarms = np.array([5.0, 9, 3, 0, 4, 8]), np.array([0.0, 3, 1, 0, 7, 2])
    found = np.array(
        [
            estimated_counts(sums_of(clean, hits, alarms, list(chosen)), TWO)[1, :, 0]
            for chosen in combinations(range(6), 3)
        ]
    )
    expected = [hits.sum(), clean.sum(), (hits + alarms).sum()]
    np.testing.assert_allclose(found.mean(axis=0), expected, rtol=1e-12)


def test_the_bias_of_a_score_falls_with_the_sample() -> None:
    counts = made_up(30)
    exact = SUITE.scores(Bootstrap(counts, resamples=2).values)["suite score"].iloc[0]
    errors = []
    for number in (4, 12):
        found = [
            SUITE.scores(
                Sampled(random_sample(counts, number, seed), resamples=2).over_sample.values
            )
            for seed in range(12)
        ]
        errors.append(np.mean([scores["suite score"].iloc[0] for scores in found]) - exact)
    assert abs(errors[1]) < 0.004
    assert abs(errors[0]) < 0.01


def test_hits_to_expect_are_those_of_found_and_missed_pixels() -> None:
    rng = np.random.default_rng(0)
    counts = np.zeros((400, 3, 3, 1), np.int64)
    truth = rng.integers(500, 2000, (400, 1))
    counts[:, :, 1] = truth[:, np.newaxis]
    counts[:, 0, 0] = found = (truth * rng.uniform(0.2, 0.9, (400, 1))).astype(np.int64)
    counts[:, 1:, 0] = (0.6 * found + 0.2 * (truth - found))[:, np.newaxis]
    seen = np.ones((400, 3), bool)
    seen[200:, 1:] = False
    counts[200:, 1:] = 0
    expected = 0.6 * found + 0.2 * (truth - found)
    np.testing.assert_allclose(expected_hits(counts, seen) / 1024, expected, rtol=0.02)


@few
@given(st.integers(3, 39), st.integers(0, 1000))
def test_estimates_are_possible_counts(number: int, seed: int) -> None:
    totals = Sampled(random_sample(made_up(), number, seed), resamples=2).totals
    correct, truth, predicted = np.moveaxis(totals, -2, 0)
    assert (correct >= 0).all()
    assert (correct <= predicted + 1e-9).all()
    assert (truth == made_up().counts[:, 0, 1].sum(axis=0)).all()


def test_samples_without_a_class_still_give_a_score() -> None:
    counts = made_up()
    seen = np.zeros_like(counts.seen)
    seen[1:4] = True  # no bus under any condition
    sampled = Sampled(sample_of(counts, seen), resamples=20)
    assert np.isfinite(sampled.over_sample.values.to_numpy()).all()


def test_differences_of_models_are_paired() -> None:
    counts = made_up()
    seen = random_sample(counts, 10, seed=0).seen
    worse = counts.in_order(np.arange(40))
    worse.counts = counts.counts.copy()
    hits = worse.counts[:, 1:, 0]
    lost = hits // 10
    worse.counts[:, 1:, 0], worse.counts[:, 1:, 2] = hits - lost, worse.counts[:, 1:, 2] - lost
    first, second = (
        Sampled(sample_of(each, seen), resamples=200).over_sample for each in (counts, worse)
    )
    found = paired_intervals(first, second, SUITE.scores).loc["suite score"]
    own = intervals({"m": first}, SUITE.scores).set_index("score").loc["suite score"]
    assert found["low"] < found["difference"] < found["high"] < 0
    assert found["high"] - found["low"] < 0.5 * (own["high"] - own["low"])
    same = paired_intervals(first, first, SUITE.scores)
    assert (same[["difference", "low", "high"]] == 0).all(axis=None)


def test_intervals_over_images_include_the_sampling_error() -> None:
    counts = made_up(60)
    widths = []
    for number in (6, 60):
        sampled = Sampled(random_sample(counts, number, seed=0), resamples=300)
        ends = intervals({"m": sampled.over_images}, SUITE.scores).set_index("score")
        widths.append((ends["high"] - ends["low"])["suite score"])
    sampled = Sampled(random_sample(counts, 6, seed=0), resamples=300)
    own = intervals({"m": sampled.over_sample}, SUITE.scores).set_index("score")
    assert widths[0] > widths[1]
    assert widths[0] > (own["high"] - own["low"])["suite score"]


@pytest.mark.slow
def test_the_variance_is_that_of_leaving_out_one_image_under_a_draw() -> None:
    counts = made_up(24, rare=8)
    seen = random_sample(counts, 5, seed=0).seen
    estimates = Sampled(sample_of(counts, seen), resamples=2000).over_sample
    value = SUITE.scores(estimates.values)["suite score"].iloc[0]
    variance = 0.0
    for image, draw in np.argwhere(seen[:, 1:]):
        fewer = seen.copy()
        fewer[image, draw + 1] = False
        without = Sampled(sample_of(counts, fewer), resamples=2).over_sample.values
        change = SUITE.scores(without)["suite score"].iloc[0] - value
        variance += (1 - 5 / 24) * 4 / 5 * change**2
    found = SUITE.scores(estimates.samples)["suite score"]
    assert found.std() == pytest.approx(variance**0.5, rel=0.06)
    low, high = np.quantile(found, [0.025, 0.975])
    assert (high - low) / 2 == pytest.approx(1.96 * found.std(), rel=0.05)


def test_standard_errors_are_not_too_small_where_a_class_is_rare() -> None:
    counts = made_up()
    exact = Bootstrap(counts, resamples=2).values.to_numpy()[0, 1:]
    squares = np.zeros(2)
    for seed in range(40):
        found = Sampled(random_sample(counts, 6, seed), resamples=200).over_sample
        error = found.values.to_numpy()[0, 1:] - exact
        squares += (error**2).sum(), (found.samples.to_numpy()[:, 1:].var(axis=0)).sum()
    assert squares[0] / squares[1] == pytest.approx(1, abs=0.08)


def test_intervals_lie_within_0_and_1() -> None:
    sampled = Sampled(random_sample(made_up(), 2, seed=0), resamples=50)
    table = tidy({"m": sampled.over_sample}, "x")
    assert (table["low"] >= 0).all()
    assert (table["high"] <= 1).all()


def test_fewer_units_can_be_drawn() -> None:
    weights = draw_weights(5, 3000, seed=1, drawn=4)
    assert (weights.sum(axis=1) == 4).all()
    assert np.abs(weights.mean(axis=0) - 0.8).max() < 0.05


@pytest.mark.slow
def test_95_percent_intervals_cover_the_complete_run() -> None:
    counts = made_up(60)
    exact = SUITE.scores(Bootstrap(counts, resamples=2).values)[["suite score", "retention", "fog"]]
    held, runs = np.zeros(3), 200
    for run in range(runs):
        estimates = Sampled(random_sample(counts, 12, run), resamples=300, seed=run).over_sample
        found = intervals({"m": estimates}, SUITE.scores).set_index("score").loc[exact.columns]
        held += (found["low"] <= exact.iloc[0]) & (exact.iloc[0] <= found["high"])
    assert (held / runs > 0.9).all(), held / runs
    assert (held / runs < 0.99).all(), held / runs
