"""Confidences by predicted class of stored runs, against computation from each pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from robustbench_seg.runs.run import StoredRun
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.class_confidence import CLASS_COLUMNS
from robustbench_seg.scores.counters import Prediction, Probabilities
from robustbench_seg.scores.counters.confidence import Confidence
from tests.helpers.stored_runs import cells_of_spec, stored_spec

COUNTER = Confidence()
COUNTED = {"clean": (0,), "fog": (1, 2), "gaussian_noise": (1,)}
"""Severities that count in the made-up suite, of three."""
Pixels = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]


def _pixels(matrix: NDArray[np.int64]) -> Pixels:
    """Return made-up pixels of a confusion matrix: truth, labels and confidences, (pixels,)."""
    truth, labels = (
        np.repeat(places, matrix.ravel()).astype(np.uint8)
        for places in np.indices(matrix.shape).reshape(2, -1)
    )
    rng = np.random.default_rng(int(matrix.sum()) + int(matrix[0, 0]))
    # Each class has another distribution, so that the bins of all differ from those of each.
    confidences = 1 - rng.random(truth.shape) ** (1 + labels) * 0.7
    return truth, labels, confidences.astype(np.float32)


def _ece(right: NDArray[np.bool_], confidences: NDArray[np.float64]) -> float:
    """Return the ECE of 15 bins, as Guo et al. (2017) define it."""
    bins = np.minimum((confidences * 15).astype(int), 14)
    return sum(
        abs(float(confidences[own].sum() - right[own].sum())) / len(right)
        for own in (bins == number for number in range(15))
    )


@pytest.fixture
def run(tmp_path: Path) -> tuple[StoredRun, dict[str, list[Pixels]]]:
    """Return a run, and the pixels of "b0" by corruption."""
    spec = stored_spec(measures=("calibration",))
    pixels: dict[str, list[Pixels]] = {}
    with Store.create_or_resume(tmp_path, spec) as store:
        cells = {}
        for cell, matrix in cells_of_spec(spec).items():
            truth, labels, top = own = _pixels(matrix)
            maps = Probabilities(top[None], np.zeros_like(top)[None], np.zeros_like(top)[None])
            prediction = Prediction(labels[None], maps)
            counts = COUNTER.count(truth[None], prediction, len(matrix), len(matrix))
            cells[cell] = (matrix, counts)
            if cell.model == "b0" and cell.severity in COUNTED[cell.condition]:
                pixels.setdefault(cell.condition, []).append(own)
        store.add(cells)
    return StoredRun.open(tmp_path), pixels


def scores_of(table: pd.DataFrame, name: str, corruption: str) -> pd.Series:
    """Return the row of a class of "b0" under a corruption."""
    keys = {"model": "b0", "class": name, "corruption": corruption}
    return table[(table[list(keys)] == pd.Series(keys)).all(axis=1)].iloc[0]


def test_scores_are_those_of_the_pixels(run: tuple[StoredRun, dict[str, list[Pixels]]]) -> None:
    stored, pixels = run
    found = stored.table("class_confidence")
    assert tuple(found.columns) == CLASS_COLUMNS
    for corruption, parts in pixels.items():
        truth, labels, top = (np.concatenate(part) for part in zip(*parts, strict=True))
        for number, name in enumerate(stored.spec.class_names):
            own = labels == number
            row = scores_of(found, name, corruption)
            right, confidences = truth[own] == number, top[own].astype(np.float64)
            assert row["share"] == pytest.approx(own.mean())
            assert row["accuracy"] == pytest.approx(right.mean())
            assert row["mean_confidence"] == pytest.approx(confidences.mean(), abs=0.002)
            assert row["ece"] == pytest.approx(_ece(right, confidences), abs=0.004)


def test_the_suite_is_the_mean_of_the_corruptions(
    run: tuple[StoredRun, dict[str, list[Pixels]]],
) -> None:
    found = run[0].table("class_confidence")
    for name in run[0].spec.class_names:
        suite = scores_of(found, name, "suite")
        corrupted = pd.DataFrame(
            [scores_of(found, name, corruption) for corruption in COUNTED if corruption != "clean"]
        )
        assert suite["share"] == pytest.approx(corrupted["share"].mean())
        right = (corrupted["share"] * corrupted["accuracy"]).mean()
        assert suite["accuracy"] == pytest.approx(right / suite["share"])
