"""Scores inside and outside of a region: counts of both, and what they add up to."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.scores.counters import INSIDE, Prediction
from robustbench_seg.scores.metrics import confusion_matrix, iou
from robustbench_seg.scores.region import RegionCounts


def test_each_part_has_the_mean_iou_of_its_pixels() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (8, 30, 40)).astype(np.uint8)  # of four classes
    predicted = np.where(rng.random(truth.shape) < 0.7, truth, 3).astype(np.uint8)
    inside = rng.random(truth.shape) < 0.3
    inside &= truth != 2  # a class that is only outside
    draw = ("clean", 0, 0)
    found = RegionCounts(8, [draw], np.ones(4, np.bool_))
    for number, (labels, guess, part) in enumerate(zip(truth, predicted, inside, strict=True)):
        within = np.where(part, labels, np.uint8(255))
        counts = INSIDE.count(within, Prediction(guess), 4, 4)
        matrix = confusion_matrix(labels, guess, 4)
        found.add([number], [draw], matrix[np.newaxis], counts[np.newaxis])
    expected = {}
    for name, part, classes in (("inside_miou", inside, 2), ("outside_miou", ~inside, 3)):
        plain = np.bincount(4 * truth[part] + predicted[part], minlength=16).reshape(4, 4)
        expected[name] = iou(plain)[:classes].mean()
    scores = found.scores()
    assert {name: score.values.at[0, ("clean", 0)] for name, score in scores.items()} == (
        pytest.approx(expected)
    )
    with pytest.raises(InputError, match="more pixels in the region than its matrix"):
        found.split(matrix[np.newaxis] // 9, counts[np.newaxis])


def test_a_region_without_pixels_has_no_score() -> None:
    draw = ("clean", 0, 0)
    found = RegionCounts(1, [draw], np.ones(2, np.bool_))
    matrix = np.array([[[5, 1], [0, 2]]])
    found.add([0], [draw], matrix, np.zeros_like(matrix))
    inside, outside = (each.values[[("clean", 0)]].to_numpy() for each in found.scores().values())
    assert np.isnan(inside).all()
    assert outside == iou(matrix[0]).mean()


def test_impossible_counts_are_found() -> None:
    counts = np.array([[[2, 0], [0, 1]], [[2, 2], [0, 0]]])
    pixels = np.array([[2, 2], [3, 3]])
    assert INSIDE.problem(counts[:1], pixels[:1], ["road", "car"]) is None
    assert INSIDE.problem(counts, pixels, ["road", "car"]) == (
        1,
        "has more pixels of road in the region than the frame has",
    )
