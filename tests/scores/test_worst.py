"""Worst cases of a suite, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import hmean

from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.tables import suite_scores
from robustbench_seg.scores.worst import worst_table
from tests.scores.test_bootstrap import DRAWS, SUITE, counts_of, matrices

COUNTED = {("fog", 1), ("fog", 2), ("contrast", 1)}


def miou(matrix: NDArray[np.int64]) -> float:
    """Return the mIoU of a confusion matrix over the classes with ground truth."""
    hits = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
    return float((hits / np.maximum(union, 1))[matrix.sum(axis=1) > 0].mean())


def worst(matrices: NDArray[np.int64], groups: list[str] | None = None) -> pd.DataFrame:
    """Return the table of one model, by score."""
    bootstrap = Bootstrap(counts_of(matrices), groups, resamples=60)
    return worst_table({"m": bootstrap}, SUITE, groups).set_index("score")


@pytest.mark.parametrize("grouped", [False, True])
def test_the_worst_cases_are_those_of_the_matrices(grouped: bool) -> None:
    found, groups = matrices(12, seed=3), [f"g{k % 11}" for k in range(12)] if grouped else None
    table = worst(found, groups)
    bootstrap = Bootstrap(counts_of(found), groups, resamples=60)
    score, samples = (suite_scores(rows, SUITE) for rows in (bootstrap.values, bootstrap.samples))
    for name, columns in (
        ("worst corruption", ["fog", "contrast"]),
        ("worst category", ["weather", "digital"]),
    ):
        own, of_samples = score[columns], samples[columns]
        row = table.loc[name]
        assert row["value"] == own.iloc[0].min()
        assert row["at"] == own.iloc[0].idxmin()
        assert row["share"] == (of_samples.idxmin(axis=1) == row["at"]).mean()
        ends = np.quantile(of_samples.min(axis=1), [0.025, 0.975])
        np.testing.assert_allclose(row[["low", "high"]].astype(float), ends, rtol=1e-12)
    row = table.loc["harmonic mean"]
    assert row["value"] == pytest.approx(hmean(score[["fog", "contrast"]].iloc[0]))
    ends = np.quantile(hmean(samples[["fog", "contrast"]], axis=1), [0.025, 0.975])
    np.testing.assert_allclose(row[["low", "high"]].astype(float), ends, rtol=1e-12)


def test_each_frame_adds_the_condition_that_harms_it_most() -> None:
    found = matrices(12, seed=4)
    chosen = []
    for image in found:
        of_draws = {
            draw: miou(matrix)
            for draw, matrix in zip(DRAWS, image, strict=True)
            if draw[:2] in COUNTED
        }
        chosen.append(min(of_draws, key=lambda draw: of_draws[draw]))
    summed = sum(
        (image[DRAWS.index(draw)] for image, draw in zip(found, chosen, strict=True)),
        np.zeros((4, 4), np.int64),
    )
    row = worst(found).loc["worst of each frame"]
    assert row["value"] == pytest.approx(miou(summed), rel=1e-12)
    fog = sum(draw[0] == "fog" for draw in chosen)
    assert row["at"] == ("fog" if fog >= 6 else "contrast")
    assert row["share"] == max(fog, 12 - fog) / 12
    assert row["low"] < row["value"] < row["high"]
    assert row["value"] < worst(found).loc["worst corruption", "value"]


def test_no_frame_can_lower_the_score_of_all_by_another_condition() -> None:
    found = matrices(12, seed=4)
    counted = [place for place, draw in enumerate(DRAWS) if draw[:2] in COUNTED]
    # By hand: each frame in turn takes what is worst for all, until nothing changes.
    alone = [min(counted, key=lambda place: miou(image[place])) for image in found]
    chosen: list[int] = []
    while chosen != alone:
        chosen = [*alone]
        for frame in range(12):
            rest = sum(found[k][alone[k]] for k in range(12) if k != frame)
            lowest = {place: miou(rest + found[frame][place]) for place in counted}
            if min(lowest.values()) < lowest[alone[frame]]:
                alone[frame] = min(lowest, key=lambda place: lowest[place])
    table = worst(found)
    row = table.loc["worst of all frames together"]
    summed = sum((found[k][place] for k, place in enumerate(chosen)), np.zeros((4, 4), np.int64))
    assert row["value"] == pytest.approx(miou(summed), rel=1e-12)
    assert row["value"] < table.loc["worst of each frame", "value"]
    fog = sum(DRAWS[place][0] == "fog" for place in chosen)
    assert row["share"] == max(fog, 12 - fog) / 12


def test_a_score_of_0_makes_the_harmonic_mean_0_and_few_images_have_no_interval() -> None:
    found = matrices(3)
    found[:, [draw[0] == "contrast" for draw in DRAWS]] *= 1 - np.eye(4, dtype=np.int64)
    table = worst(found)
    assert list(table["value"][:3]) == [0, 0, 0]
    assert list(table["at"]) == ["contrast", "digital", "", "contrast", "contrast"]
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["share"].isna().tolist() == [True, True, True, False, False]
