"""The severity at which half of clean mIoU is left, against its definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.scores.half_retention import HALF_COLUMNS, crossings, half_retention
from robustbench_seg.scores.tables import CLEAN_KEY
from tests.helpers.sample_runs import SUITE, make_run, model

INF, NAN = np.inf, np.nan
SEVERITIES = np.array([1, 1.5, 3])


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((0.9, 0.6, 0.4), 2.25),
        ((0.7, 0.3, 0.9), 1.25),
        ((0.6, 0.5, 0.4), 1.5),
        ((0.6, 0.5, 0.5), 1.5),
        ((0.9, 0.8, 0.51), INF),
        ((0.5, 0.6, 0.4), -INF),
        ((0.1, 0.1, 0.1), -INF),
        ((0.9, NAN, 0.4), NAN),
    ],
)
def test_a_curve_is_interpolated_where_it_first_falls_to_half(
    shares: tuple[float, ...], expected: float
) -> None:
    found = crossings(np.array([shares, (0.9, 0.6, 0.4)]), SEVERITIES)
    np.testing.assert_allclose(found, [expected, 2.25])


def test_intervals_are_those_of_the_resampled_curves(tmp_path: Path) -> None:
    run = make_run(tmp_path, [model("b0"), model("b1")])
    found = half_retention(run.bootstraps, SUITE)
    assert [*found.columns] == HALF_COLUMNS
    assert [*found["corruption"]] == ["fog", "gaussian_noise", "mean"] * 2
    scores = run.bootstraps["b0"]
    keys = [("fog", severity) for severity in SUITE.severities]
    samples = scores.samples[keys].div(scores.samples[CLEAN_KEY], axis="index").to_numpy()
    every = np.sort([np.interp(-0.5, -row, SUITE.severities, right=INF) for row in samples])
    fog = found.iloc[0]
    assert (fog["low"], fog["high"]) == pytest.approx((every[49], every[1950]))
    (shares,) = scores.values[keys].div(scores.values[CLEAN_KEY], axis="index").to_numpy()
    assert fog["value"] == pytest.approx(np.interp(-0.5, -shares, SUITE.severities, right=INF))
    assert fog["kept"] == shares[-1]
