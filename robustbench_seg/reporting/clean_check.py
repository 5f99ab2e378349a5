"""Warnings of clean scores that no trained model has, unless it is run in a wrong way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..runs.run import StoredRun
from ..scores.matching import best_matching, ordered_iou
from ..scores.metrics import pixel_accuracy

_GAIN = 0.1
"""Gain in mIoU by which another order of the outputs is suspicious: more than two rare classes."""


def clean_stamps(run: StoredRun) -> Iterator[str]:
    """Yield a warning for each trained model with a suspicious clean score.

    That is one below the score of predicting the largest class everywhere, and one that another
    order of the outputs would raise by a lot.
    """
    for model in run.spec.models:
        matrix = run.clean.get(model.name)
        if model.untrained or matrix is None or (matrix.sum(axis=1) > 0).sum() < 2:
            continue
        truth, right = matrix.sum(axis=1), float(pixel_accuracy(matrix))
        share, largest = truth.max() / truth.sum(), run.spec.class_names[truth.argmax()]
        own = np.arange(len(matrix))
        score, outputs = ordered_iou(matrix, own), best_matching(matrix)
        matched = ordered_iou(matrix, outputs)
        start = f"SUSPICIOUS CLEAN SCORE: {run.names[model.name]}: "
        end = "; robustseg diagnose looks for the cause"
        # A model that is good at rare classes may have fewer pixels right, but not half the IoU.
        if right < share and score < share / 2:
            yield (
                f"{start}{100 * right:.1f} % of the clean pixels are right, and "
                f"{100 * share:.1f} % if it always predicted {largest}{end}"
            )
        elif matched - score >= _GAIN and matched >= 1.5 * score:
            yield (
                f"{start}its clean mIoU is {100 * score:.1f} %, and {100 * matched:.1f} % with its "
                f"outputs in another order{end}"
            )
