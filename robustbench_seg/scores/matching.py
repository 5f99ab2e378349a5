"""Which class each output of a model means, judged by a confusion matrix alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .metrics import Matrix, Scores, ratio


def best_matching(matrix: Matrix) -> NDArray[np.intp]:
    """Return the output (C,) that fits each class best, of a matrix (C, C) or (C, C + 1).

    Each output is taken once. No other order has a larger sum of the classes' IoUs.
    """
    # Where several orders are equally good, outputs stay in their places.
    scores = np.nan_to_num(pair_iou(matrix)) + 1e-9 * np.eye(len(matrix))
    own = np.diagonal(scores)
    # No order is better if no pair is above the mean of both classes' own scores, which add up to
    # the same for every order. That spares most models the import of SciPy, a third of a second.
    if (scores <= (own[:, np.newaxis] + own) / 2).all():
        return np.arange(len(matrix))
    from scipy.optimize import linear_sum_assignment

    outputs: NDArray[np.intp] = linear_sum_assignment(scores, maximize=True)[1]
    return outputs


def pair_iou(matrix: Matrix) -> Scores:
    """Return the IoU of each class with each output, (C, C); NaN where both are empty."""
    pairs = matrix[:, : len(matrix)]  # without predictions of no class
    truth: NDArray[Any] = matrix.sum(axis=1, keepdims=True)  # (C, 1)
    return ratio(pairs, truth + pairs.sum(axis=0) - pairs)


def ordered_iou(matrix: Matrix, outputs: NDArray[np.intp]) -> float:
    """Return the mean IoU over the classes with ground truth, output `outputs[c]` scored as c."""
    present = matrix.sum(axis=1) > 0  # (C,)
    scores = pair_iou(matrix)[np.arange(len(matrix)), outputs]  # (C,)
    return float(scores[present].mean()) if present.any() else 0.0
