"""The order of outputs that a confusion matrix speaks for."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from scipy.optimize import linear_sum_assignment

from robustbench_seg.scores.matching import best_matching, ordered_iou, pair_iou
from robustbench_seg.scores.metrics import mean_iou, present_classes


def test_no_order_of_the_outputs_is_better() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        matrix = rng.integers(0, 100, (5, 5)) + 300 * np.eye(5, dtype=int)[rng.permutation(5)]
        everyone = present_classes(matrix)
        outputs = best_matching(matrix)
        scores = [mean_iou(matrix[:, order], everyone) for order in permutations(range(5))]
        assert ordered_iou(matrix, outputs) == mean_iou(matrix[:, outputs], everyone)
        assert ordered_iou(matrix, outputs) == max(scores)


def test_confusions_that_no_order_mends_are_those_of_scipy() -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        matrix = rng.integers(0, 100, (6, 6)) + np.diag(rng.integers(0, 120, 6))
        scores = pair_iou(matrix) + 1e-9 * np.eye(6)
        assert list(best_matching(matrix)) == list(linear_sum_assignment(scores, maximize=True)[1])


def test_outputs_stay_where_nothing_speaks_for_another_order() -> None:
    matrix = np.diag([5, 0, 0, 7])
    assert list(best_matching(matrix)) == [0, 1, 2, 3]
    assert ordered_iou(matrix, np.arange(4)) == 1
    # Predictions of no class count as missed.
    spare = np.array([[0, 6, 2], [4, 0, 0]])
    assert list(best_matching(spare)) == [1, 0]
    assert ordered_iou(spare, np.array([1, 0])) == np.mean([6 / 8, 1])
