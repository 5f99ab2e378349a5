"""Scores of whole runs with their intervals: by hand and by property."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustbench_seg.protocol.suites import CorruptionSuite
from robustbench_seg.scores import metrics, tables
from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.image_counts import DrawKey
from robustbench_seg.scores.intervals import intervals, paired_differences, tidy
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.policy import Column
from robustbench_seg.scores.statistics import interval

# A deadline would time the machine, not the code.
few = settings(max_examples=25)

CLASSES = ("road", "sky", "car", "bus")
CATEGORIES = ("flat", "sky", "vehicle", "vehicle")
SUITE = CorruptionSuite(
    name="tiny",
    title="Tiny",
    source="a test",
    columns=(Column("fog", "weather", (1, 2)), Column("contrast", "digital", (1,))),
    severities=(1, 2, 3, 4, 5),
)
DRAWS: tuple[DrawKey, ...] = (
    ("clean", 0, 0),
    *(("fog", severity, draw) for severity in SUITE.severities for draw in (0, 1, 2)),
    *(("contrast", severity, 0) for severity in SUITE.severities),
)


def matrices(images: int, seed: int = 0, spare: int = 0) -> NDArray[np.int64]:
    """Return matrices (images, draws, C, C); the truth of an image is the same in all draws."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(50, 500, (images, 1, 4, 1)) * (rng.random((images, 1, 4, 1)) < 0.8)
    shares = rng.dirichlet(np.ones(4 + spare), (images, len(DRAWS), 4))
    shares[..., :4] += np.eye(4)
    return (truth * shares / 2).round().astype(np.int64)


def counts_of(matrices: NDArray[np.int64], order: Sequence[int] | None = None) -> PixelCounts:
    """Count matrices (images, draws, C, C)."""
    present = matrices.sum(axis=(0, 1, 3)) > 0
    found = PixelCounts(len(matrices), DRAWS, CLASSES, CATEGORIES, present)
    for place, image in enumerate(range(len(matrices)) if order is None else order):
        found.add([place] * len(DRAWS), DRAWS, matrices[image])
    return found


def scores(found: PixelCounts, groups: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the tidy table."""
    return tidy({"m": Bootstrap(found, groups, resamples=50)}, "streets")


@pytest.mark.parametrize("spare", [0, 1])
def test_scores_are_those_of_the_summed_matrices(spare: int) -> None:
    counted = matrices(7, spare=spare)
    counted[:, :, 3] = counted[:, :, :, 3] = 0  # no bus, in truth or prediction
    counted[2, 0, 0, 3] = 1  # but one pixel predicted as one
    frame = scores(counts_of(counted)).set_index(["condition", "severity", "class", "metric"])[
        "value"
    ]
    class_set = np.array([True, True, True, False])
    for condition in SUITE.corrupted:
        columns = [place for place, draw in enumerate(DRAWS) if draw[:2] == condition]
        sums = counted[:, columns].sum(axis=0)  # (draws, C, C)
        expected = {
            ("all", "miou"): metrics.mean_iou(sums, class_set),
            ("all", "miou_cityscapes"): metrics.cityscapes_mean_iou(sums),
            ("all", "pixel_accuracy"): metrics.pixel_accuracy(sums),
            ("all", "mean_accuracy"): metrics.mean_accuracy(sums, class_set),
            ("all", "frequency_weighted_iou"): metrics.frequency_weighted_iou(sums),
            ("sky", "iou"): metrics.iou(sums)[:, 1],
            ("vehicle", "category_iou"): metrics.iou(metrics.category_counts(sums, CATEGORIES))[
                :, 2
            ],
        }
        for name, by_draw in expected.items():
            assert frame[(*condition, *name)] == pytest.approx(by_draw.mean(), rel=1e-12)
        spread = expected["all", "miou"]
        if len(columns) > 1:
            found = frame[(*condition, "all", "miou_sd_over_draws")]
            assert found == pytest.approx(spread.std(ddof=1), rel=1e-9)
        else:
            assert (*condition, "all", "miou_sd_over_draws") not in frame.index
    assert ("clean", 0, "bus", "iou") not in frame.index
    clean = metrics.mean_iou(counted[:, 0].sum(axis=0), class_set)
    assert frame["clean", 0, "all", "miou"] == pytest.approx(clean)


@pytest.mark.slow
@few
@given(st.permutations(range(5)))
def test_the_order_of_images_changes_no_score(order: list[int]) -> None:
    counted = matrices(5)
    values = [scores(counts_of(counted, order)), scores(counts_of(counted))]
    assert values[0]["value"].equals(values[1]["value"])


@few
@given(st.integers(1, 4))
def test_parts_of_a_run_add_up_to_its_counts(cut: int) -> None:
    counted = matrices(5)
    parts = [counts_of(counted[:cut]).counts, counts_of(counted[cut:]).counts]
    np.testing.assert_array_equal(np.concatenate(parts), counts_of(counted).counts)


@pytest.mark.slow
@few
@given(st.permutations(range(4)))
def test_renaming_the_classes_renames_the_scores(order: list[int]) -> None:
    counted = matrices(5)
    renamed = PixelCounts(
        5, DRAWS, [CLASSES[i] for i in order], [CATEGORIES[i] for i in order], ~np.zeros(4, bool)
    )
    for image in range(5):
        moved = counted[image][:, order][:, :, order]
        renamed.add([image] * len(DRAWS), DRAWS, moved)
    index = ["condition", "severity", "class", "metric"]
    left, right = (
        scores(item).set_index(index)[["value", "low", "high"]]
        for item in (counts_of(counted), renamed)
    )
    pd.testing.assert_frame_equal(left, right.loc[left.index], rtol=1e-12)


def test_a_perfect_run_scores_one_with_intervals_of_no_width() -> None:
    counted = np.zeros((10, len(DRAWS), 4, 4), np.int64)
    counted[:] = np.diag([5, 3, 2, 1])
    frame = scores(counts_of(counted))
    measured = frame[~frame["metric"].str.contains("draws")]
    assert (measured[["value", "low", "high"]] == 1).all(axis=None)
    assert (frame.loc[frame["metric"].str.contains("draws"), "value"] == 0).all()


def test_a_resample_without_a_class_has_the_mean_over_the_others() -> None:
    counted = np.zeros((10, len(DRAWS), 4, 4), np.int64)
    counted[:] = np.diag([8, 8, 0, 0])
    counted[9, :] = np.diag([8, 0, 0, 0])
    counted[9, :, 2, 2] = counted[9, :, 2, 0] = 4  # car is in the last image alone
    samples = Bootstrap(counts_of(counted), resamples=400).samples["clean", 0].round(9)
    # Road and sky, both right; or road and car, if the last image is drawn, once or more often.
    with_car = {round((80 / (80 + 4 * times) + 1 + 4 / 8) / 3, 9) for times in range(1, 10)}
    assert set(samples) <= {1.0, *with_car}
    assert 0.25 < (samples == 1).mean() < 0.45  # 0.9 ** 10 = 0.35
    assert len(set(samples)) > 3


def test_few_images_have_no_interval() -> None:
    for images in (1, 9):
        frame = scores(counts_of(matrices(images)))
        assert frame["value"].notna().any()
        assert frame[["low", "high"]].isna().all(axis=None)
    grouped = scores(counts_of(matrices(18)), [str(place // 2) for place in range(18)])
    assert grouped[["low", "high"]].isna().all(axis=None)


def test_a_class_in_few_images_has_no_interval() -> None:
    counted = matrices(12)
    counted[:, :, 1:3] += np.eye(4, dtype=np.int64)[1:3]  # sky and car are in each image
    counted[9:, :, 2] = 0  # but car in nine
    fog = scores(counts_of(counted)).query("condition == 'fog' and severity == 1")
    known = fog.set_index(["class", "metric"])["low"].notna()
    assert known["all", "miou"]
    assert known["sky", "iou"]
    assert not known["car", "iou"]
    bootstrap = Bootstrap(counts_of(counted), resamples=20)
    for place, enough in ((1, True), (2, False)):
        value, samples = bootstrap.class_iou(place)
        assert value.notna().all(axis=None)
        assert samples.notna().all(axis=None) == enough


def test_groups_are_resampled_whole() -> None:
    counted = matrices(24)
    groups = [str(place % 11) for place in range(24)]
    merged = np.stack([counted[place::11].sum(axis=0) for place in range(11)])
    own, theirs = scores(counts_of(counted), groups), scores(counts_of(merged))
    pd.testing.assert_frame_equal(own.drop(columns="n_images"), theirs.drop(columns="n_images"))
    assert (own["n_images"] == 24).all()
    whole = own["metric"] == "miou"
    assert not np.allclose(own["low"][whole], scores(counts_of(counted))["low"][whole])


def test_derived_scores_have_the_values_of_the_tables_and_intervals_of_their_own() -> None:
    bootstraps = {"m": Bootstrap(counts_of(matrices(30)))}
    frame = tidy(bootstraps, "streets")
    found = intervals(
        bootstraps,
        partial(tables.suite_scores, suite=SUITE),
        partial(tables.class_scores, suite=SUITE),
    ).set_index(["class", "score"])
    summary = tables.summary(frame, SUITE)
    own = found[["value", "low", "high"]].loc["all"].loc[summary.columns]
    np.testing.assert_allclose(own["value"], summary.to_numpy()[0], rtol=1e-12)
    value, low, high = own.to_numpy().T
    assert ((low < value) & (value < high)).all()
    of_classes = found["value"].astype(float)[list(CLASSES)]
    stacked = tables.class_table(frame, SUITE).loc["m"].stack()
    np.testing.assert_allclose(of_classes, stacked, rtol=1e-12)
    assert of_classes.index.tolist() == stacked.index.tolist()
    fog = tables.suite_table(frame, SUITE)["weather", "fog"].iloc[0]
    assert found["value"]["all", "fog"] == pytest.approx(fog)
    # The interval of a mean over conditions is narrower than theirs; those of clean scores are the
    # same as in the tidy table.
    widths = found["high"] - found["low"]
    assert widths["all", "suite score"] < widths["all", "contrast"]
    clean = frame[(frame["condition"] == "clean") & (frame["class"] == "all")].set_index("metric")
    for score, metric in (("clean", "miou"), ("pixel_accuracy", "pixel_accuracy")):
        for end in ("low", "high"):
            assert found[end]["all", score] == clean[end][metric]


def test_the_spread_over_draws_is_that_of_whole_suites() -> None:
    counted = matrices(8)
    every = np.ones(4, bool)
    suites = []
    for number in range(3):
        by_condition = {
            draw[:2]: float(metrics.mean_iou(counted[:, place].sum(axis=0), every))
            for place, draw in enumerate(DRAWS)
            if draw[2] == number or draw[0] in ("clean", "contrast")
        }
        fog = (by_condition["fog", 1] + by_condition["fog", 2]) / 2
        suites.append((fog + by_condition["contrast", 1]) / 2)
    found = intervals(
        {"m": Bootstrap(counts_of(counted), resamples=20)},
        partial(tables.suite_scores, suite=SUITE),
    ).set_index("score")
    assert found["sd_over_draws"]["suite score"] == pytest.approx(np.std(suites, ddof=1))
    assert found["value"]["suite score"] == pytest.approx(np.mean(suites))
    assert found["sd_over_draws"]["contrast"] == pytest.approx(0, abs=1e-12)


def test_a_model_does_not_differ_from_itself() -> None:
    own = Bootstrap(counts_of(matrices(10)), resamples=100)
    table = paired_differences(
        own, own, partial(tables.suite_scores, suite=SUITE), SUITE.corruptions
    )
    assert (table[["difference", "low", "high"]] == 0).all(axis=None)
    assert (table["p"] == 1).all()
    assert table["p_holm"].notna().tolist() == table.index.isin(SUITE.corruptions).tolist()


def test_paired_intervals_are_narrower_than_those_of_each_model() -> None:
    counted = matrices(40)
    better = counted.copy()
    road = counted[..., 0, 1] // 10  # a tenth of the pixels predicted as sky
    better[..., 0, 1] -= road
    better[..., 0, 0] += road
    first, second = (Bootstrap(counts_of(item)) for item in (counted, better))
    table = paired_differences(
        first, second, partial(tables.suite_scores, suite=SUITE), SUITE.corruptions
    )
    clean = table.loc["clean"].astype(float)
    low, high = interval(first.samples["clean", 0].to_numpy())
    assert 0 < clean["low"] < clean["difference"] < clean["high"] < (high - low) / 4
    assert clean["p"] == 1 / 2**13
    assert table["p_holm"]["fog"] == pytest.approx(2 * table["p"]["fog"])
