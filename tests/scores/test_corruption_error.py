"""CD, rCD, ranks, breakdowns and differences of models, against their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robustbench_seg.runs.side_by_side import side_by_side
from robustbench_seg.scores import breakdowns, metrics
from robustbench_seg.scores.corruption_error import corruption_errors, ranks
from robustbench_seg.scores.intervals import (
    Resampled,
    differences_from_baseline,
    paired_differences,
)
from robustbench_seg.scores.statistics import holm
from robustbench_seg.scores.tables import suite_scores
from tests.helpers.sample_runs import CLASSES, SUITE, make_run, matrices, model

EVERY = np.ones(3, bool)


@pytest.fixture(scope="module")
def models() -> Mapping[str, Resampled]:
    """Return three models, each worse than the one before it."""
    run = make_run(Path("a"), [model(name) for name in ("first", "second", "third")])
    return side_by_side([run]).bootstraps


def scores_of(models: Mapping[str, Resampled]) -> pd.DataFrame:
    rows = [suite_scores(item.values, SUITE).set_axis([name]) for name, item in models.items()]
    return pd.concat(rows)


def test_corruption_errors_are_the_sums_over_severities(models: Mapping[str, Resampled]) -> None:
    table = scores_of(models)
    found = corruption_errors(table, table.loc[["first"]], SUITE)
    by_severity = models["third"].values, models["first"].values
    for column in SUITE.columns:
        (own, theirs) = (
            scores[column.corruption][list(column.counted)].to_numpy()[0] for scores in by_severity
        )
        clean, their_clean = (scores["clean"].to_numpy()[0, 0] for scores in by_severity)
        error = (1 - own).sum() / (1 - theirs).sum()
        loss = (clean - own).sum() / (their_clean - theirs).sum()
        assert found.loc["third", ("CD", column.corruption)] == pytest.approx(error)
        assert found.loc["third", ("rCD", column.corruption)] == pytest.approx(loss)
    np.testing.assert_allclose(found.loc["first"], 1)
    fog, noise, mean = found.loc[["third"]]["CD"].to_numpy()[0]
    assert mean == pytest.approx((fog + noise) / 2)
    assert mean > 1.1


def test_errors_against_a_perfect_reference_are_nan(models: Mapping[str, Resampled]) -> None:
    table = scores_of(models)
    perfect = table.loc[["first"]] * 0 + 1
    assert corruption_errors(table, perfect, SUITE).isna().all(axis=None)


def test_errors_by_hand() -> None:
    own = pd.DataFrame({"clean": [0.9], "fog": [0.6], "gaussian_noise": [0.4]})
    theirs = pd.DataFrame({"clean": [0.8], "fog": [0.4], "gaussian_noise": [0.8]})
    found = corruption_errors(own, theirs, SUITE).to_numpy()[0]
    np.testing.assert_allclose(
        found, [0.4 / 0.6, 0.6 / 0.2, (0.4 / 0.6 + 3) / 2, 0.3 / 0.4, np.nan, np.nan]
    )


def test_ranks_begin_with_the_best_and_ties_share_one() -> None:
    columns = ["clean", "suite score", "retention", "mPC", "rPC", *SUITE.corruptions]
    table = pd.DataFrame(
        [[0.5] * 7, [0.6, 0.5, 0.4, 0.4, 0.4, 0.3, np.nan], [0.1] * 7], list("abc"), columns
    )
    found = ranks(table, SUITE)
    assert found["clean"].tolist() == [2, 1, 3]
    assert found["suite score"].tolist() == [1, 1, 3]
    assert found["fog"].tolist() == [1, 2, 3]
    assert found["mean rank"].fillna(0).tolist() == [1, 0, 2.5]


def test_the_class_breakdown_is_that_of_summed_counts(models: Mapping[str, Resampled]) -> None:
    found = breakdowns.class_breakdown(models["second"], SUITE)
    assert found.index.tolist() == [info.name for info in CLASSES]
    iou = metrics.iou(matrices(0.8).sum(axis=0))  # (conditions, C)
    conditions = [("clean", 0), *SUITE.corrupted]
    scores = {key: iou[place] for place, key in enumerate(conditions)}
    fog = (scores["fog", 1] + scores["fog", 2]) / 2
    suite = (fog + scores["gaussian_noise", 1]) / 2
    np.testing.assert_allclose(found["clean"], scores["clean", 0])
    np.testing.assert_allclose(found["suite"], suite)
    np.testing.assert_allclose(found["change"], suite - scores["clean", 0])
    np.testing.assert_allclose(found["retention"], suite / scores["clean", 0])
    ends = found[["change_low", "change", "change_high"]].to_numpy()
    assert (np.diff(ends, axis=1) > 0).all()
    means = {s: (scores["fog", s] + scores["gaussian_noise", s]) / 2 for s in (1, 2, 3)}
    for place, name in enumerate(found.index):
        under = [s for s, mean in means.items() if mean[place] < scores["clean", 0][place] / 2]
        assert found["half_lost_at"][name] == (under[0] if under else pytest.approx(np.nan))
    assert found["half_lost_at"].notna().any()
    assert found["retention"].idxmin() == "person"


def test_the_frame_breakdown_is_that_of_single_frames(models: Mapping[str, Resampled]) -> None:
    found = breakdowns.frame_breakdown(models["first"].pixel_counts, SUITE)
    assert len(found) == 12
    miou = metrics.mean_iou(matrices(0.9), EVERY)  # (frames, conditions)
    np.testing.assert_allclose(found["clean"], miou[:, 0])
    np.testing.assert_allclose(found["suite"], ((miou[:, 1] + miou[:, 2]) / 2 + miou[:, 4]) / 2)
    np.testing.assert_allclose(found["change"], found["suite"] - found["clean"])
    assert set(found["worst"]) == {"gaussian_noise 3"}
    np.testing.assert_allclose(found["worst_miou"], miou[:, 6])


def test_curves_average_the_corruptions_of_a_category() -> None:
    both = pd.DataFrame([{("fog", 1): 0.4, ("fog", 2): 0.2, ("gaussian_noise", 1): 0.1}])
    found = breakdowns.category_curves(both, SUITE)
    assert found["weather"].iloc[0].fillna(-1).tolist() == [0.4, 0.2, -1]
    assert found["noise"].iloc[0].fillna(-1).tolist() == [0.1, -1, -1]


def test_differences_are_those_of_each_pair(models: Mapping[str, Resampled]) -> None:
    derive = partial(suite_scores, suite=SUITE)
    found = differences_from_baseline(models, "second", derive, SUITE.corruptions)
    assert found.index.unique("model").tolist() == ["first", "third"]
    own = paired_differences(models["second"], models["first"], derive, SUITE.corruptions)
    pd.testing.assert_frame_equal(pd.DataFrame(found.loc["first"]), own, check_exact=True)
    third = found.loc["third"]
    tested = third.index.isin(SUITE.corruptions)
    np.testing.assert_allclose(third["p_holm"][tested], holm(third["p"][tested].to_numpy()))
    assert third["p_holm"][~tested].isna().all()


def test_one_model_has_no_differences(models: Mapping[str, Resampled]) -> None:
    alone = {"first": models["first"]}
    found = differences_from_baseline(
        alone, "first", partial(suite_scores, suite=SUITE), SUITE.corruptions
    )
    assert found.empty
    assert found.index.names == ["model", "score"]
