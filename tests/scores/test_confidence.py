"""The counter of confidences against counts by NumPy, and what stored counts cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.errors import InputError
from robustbench_seg.label_types import LabelMap, label_dtype
from robustbench_seg.scores.confidence_bins import (
    BINS,
    COARSE_STARTS,
    DOUBTS,
    EDGES,
    LARGEST_NLL,
    UNITS,
    split_counts,
)
from robustbench_seg.scores.counters import Prediction, Probabilities, read_measures
from robustbench_seg.scores.counters.confidence import Confidence

COUNTER = Confidence()
SHAPE = (40, 50)


def drawn(classes: int, seed: int = 0) -> tuple[LabelMap, Prediction]:
    """Return a ground truth with ignored pixels and a prediction that is mostly right."""
    rng = np.random.default_rng(seed)
    kind = label_dtype(classes)
    truth = rng.integers(0, classes, SHAPE).astype(kind)
    labels = np.where(rng.random(SHAPE) < 0.7, truth, rng.integers(0, classes, SHAPE)).astype(kind)
    truth[:5] = np.iinfo(kind).max
    doubt = 10 ** rng.uniform(-9, 0, SHAPE)
    return truth, Prediction(
        labels,
        Probabilities(
            (1 - doubt).astype(np.float32),
            -rng.exponential(1, SHAPE).astype(np.float32),
            rng.uniform(0, 2, SHAPE).astype(np.float32),
        ),
    )


def test_edges_are_those_of_equal_bins() -> None:
    assert BINS == 816
    assert (np.diff(EDGES) > 0).all()
    assert (EDGES[0], EDGES[-1]) == (0, 1)
    for bins in (10, 12, 15, 20, 30, 60):
        nearest = np.abs(EDGES - np.arange(bins + 1)[:, np.newaxis] / bins).min(axis=1)
        assert nearest.max() < 1e-12
    assert (EDGES[:-1] < 1 - DOUBTS).all()
    assert (EDGES[1:] > 1 - DOUBTS).all()
    assert np.isin(np.arange(60), np.round(EDGES[COARSE_STARTS] * 60, 9)).all()


@pytest.mark.parametrize("classes", [1, 2, 19, 255, 300])
@pytest.mark.parametrize("spare", [0, 1])
def test_counts_are_those_of_numpy(classes: int, spare: int) -> None:
    truth, prediction = drawn(classes)
    assert prediction.probabilities is not None
    if spare:
        prediction.labels[7] = classes  # predictions of no class are wrong
    counts = COUNTER.count(truth, prediction, classes, classes + spare)
    assert counts.shape == COUNTER.shape(classes, classes + spare)
    wrong, right, by_class, sums = split_counts(counts)
    valid = truth < classes
    top, log_truth, brier = (part[valid] for part in prediction.probabilities)
    labels = prediction.labels[valid]
    hit = labels == truth[valid]
    bins = np.digitize(top, EDGES.astype(np.float32)) - 1
    bins = np.minimum(bins, BINS - 1)  # 1 is in the last bin
    assert np.array_equal(wrong, np.bincount(bins[~hit], minlength=BINS))
    assert np.array_equal(right, np.bincount(bins[hit], minlength=BINS))
    coarse = np.searchsorted(COARSE_STARTS, bins, side="right") - 1
    expected = np.zeros_like(by_class)
    np.add.at(expected, (labels, hit.astype(int), coarse), 1)
    assert np.array_equal(by_class, expected)
    if spare:
        assert sums is None
    else:
        assert sums is not None
        assert sums[0] == pytest.approx(UNITS * brier.sum(dtype=np.float64), abs=1)
        assert sums[1] == pytest.approx(-UNITS * log_truth.sum(dtype=np.float64), abs=1)
    assert COUNTER.problem(counts[np.newaxis], pixels(truth, classes), ["a"] * classes) is None


def pixels(truth: LabelMap, classes: int) -> NDArray[np.int64]:
    """Return the pixels of each class, (1, C)."""
    return np.bincount(truth[truth < classes], minlength=classes)[np.newaxis]


def test_a_bin_holds_its_lower_edge() -> None:
    values = EDGES.astype(np.float32)
    near = np.concatenate([np.nextafter(values, np.float32(-1)), values, np.nextafter(values, 2)])
    confidences = np.clip(near, 0, 1)[np.newaxis]  # (1, 3 * (B + 1))
    zeros = np.zeros(confidences.shape, np.float32)
    for part in range(0, confidences.size, 50):  # so that two errors do not make up for each other
        some = slice(part, part + 50)
        labels = np.zeros(confidences[:, some].shape, np.uint8)
        maps = Probabilities(confidences[:, some], zeros[:, some], zeros[:, some])
        right = split_counts(COUNTER.count(labels, Prediction(labels, maps), 1, 1)).right
        expected = np.minimum(np.digitize(confidences[0, some], values) - 1, BINS - 1)
        assert np.array_equal(right, np.bincount(expected, minlength=BINS))


def test_a_likelihood_of_zero_is_capped() -> None:
    labels, ones = np.zeros((2, 3), np.uint8), np.ones((2, 3), np.float32)
    probabilities = Probabilities(ones, ones * np.finfo(np.float32).min, 2 * ones)
    truth = np.ones((2, 3), np.uint8)
    counts = COUNTER.count(truth, Prediction(labels, probabilities), 2, 2)
    sums = split_counts(counts).sums
    assert sums is not None
    assert sums.tolist() == [2 * 6 * UNITS, LARGEST_NLL * 6 * UNITS]
    assert COUNTER.problem(counts[np.newaxis], pixels(truth, 2), "ab") is None
    assert COUNTER.most == LARGEST_NLL * UNITS * 2**31


def test_small_scores_are_not_rounded_away() -> None:
    """Most pixels of a good model have a negative log-likelihood far below a unit of the sum."""
    labels, ones = np.zeros((1000, 1000), np.uint8), np.ones((1000, 1000), np.float32)
    probabilities = Probabilities(ones, ones * np.float32(-1e-4), ones * np.float32(1e-6))
    sums = split_counts(COUNTER.count(labels, Prediction(labels, probabilities), 1, 1)).sums
    assert sums is not None
    assert sums / UNITS == pytest.approx([1, 100], rel=2e-2)


def test_a_model_that_gives_labels_alone_has_no_counts() -> None:
    truth, prediction = drawn(19)
    counts = COUNTER.count(truth, Prediction(prediction.labels), 19, 19)
    assert not counts.any()
    assert COUNTER.problem(counts[np.newaxis], pixels(truth, 19), ["a"] * 19) is None


def test_a_truth_of_no_class_is_refused() -> None:
    truth, prediction = drawn(19)
    truth[9, 9] = 20
    with pytest.raises(InputError, match="truth: 20 is no class"):
        COUNTER.count(truth, prediction, 19, 19)


@pytest.mark.parametrize(
    ("place", "change", "words"),
    [
        (3, 1, "other numbers of confidences"),
        (slice(0, 2 * BINS), -1, "other numbers of confidences"),
        (2 * BINS + 5, 1, "other confidences by class"),
        (-2, 2 * 2000 * UNITS, "larger Brier scores"),
        (-1, 64 * 2000 * UNITS, "larger Brier scores"),
    ],
)
def test_counts_that_cannot_be_are_named(place: Any, change: int, words: str) -> None:
    truth, prediction = drawn(19)
    good = COUNTER.count(truth, prediction, 19, 19)
    bad = good.copy()
    bad[place] += change
    found = COUNTER.problem(np.stack((good, bad)), pixels(truth, 19).repeat(2, 0), ["a"] * 19)
    assert found is not None
    assert found[0] == 1
    assert words in found[1]


def test_calibration_takes_no_parameter() -> None:
    assert read_measures(["calibration"]) == (COUNTER,)
    with pytest.raises(InputError, match="--measure calibration:15: "):
        read_measures(["calibration:15"])
