"""The Gaussian filter of a plane of numbers, in float32 or float64.

Each number becomes the weighted mean of those around it, along the columns and then along the
rows. The weights come from `arithmetic` and the sums have one order, so that every processor gets
the same bits; as two terms at the same distance have the same weight, they are added first.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .arithmetic import exponential
from .kernels.compiling import kernel

TOGETHER = 2
"""Pairs of numbers that a loop adds at a time; never none."""


def gaussian_weights(deviation: float, truncate: float) -> NDArray[np.float64]:
    """Return the weights at the distances 0, 1 .. r, where r is `truncate` deviations, rounded.

    They are exp(-(distance / deviation)^2 / 2), divided by their sum over both sides.
    """
    radius = int(truncate * deviation + 0.5)
    distances = [each / deviation for each in range(radius + 1)]
    weights = exponential(-0.5 * distance * distance for distance in distances)
    total = math.fsum([*weights, *weights[1:]])  # exact: Python's sum changed in 3.12
    return weights / total


def paired(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights followed by zeros, until those after the first are a multiple of TOGETHER."""
    pairs = max(1, math.ceil((weights.size - 1) / TOGETHER)) * TOGETHER
    return np.pad(weights, (0, pairs + 1 - weights.size))


def smooth(
    plane: NDArray[Any],
    deviations: tuple[float, float],
    truncate: float,
    beyond: Literal["symmetric", "edge"],
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return a plane (H, W) filtered with a deviation along its columns and one along its rows.

    Beyond its edges the plane is mirrored ("symmetric", SciPy's "reflect") or its last number
    repeated ("edge", SciPy's "nearest"). It is computed in the type of the plane. `out`, which may
    be the plane, gets the result in place of a new array: fresh memory costs more than it seems.
    """
    down, across = (
        paired(gaussian_weights(deviation, truncate)).astype(plane.dtype)
        for deviation in deviations
    )
    padded = np.pad(plane, ((down.size - 1,) * 2, (across.size - 1,) * 2), beyond)
    result = np.empty(plane.shape, plane.dtype) if out is None else out
    _smooth(padded.reshape(-1), padded.shape[1], down, across, result)
    return result


@kernel
def _smooth(
    padded: NDArray[Any],
    stride: int,
    down: NDArray[Any],
    across: NDArray[Any],
    result: NDArray[Any],
) -> None:
    """Filter to `result` (H, W) a plane whose rows, one after another, have margins for weights."""
    sums = np.empty(stride, padded.dtype)
    for y in range(result.shape[0]):
        sum_both_sides(padded, (y + down.size - 1) * stride, stride, down, sums)
        sum_both_sides(sums, across.size - 1, 1, across, result[y])


@kernel
def sum_both_sides(
    values: NDArray[Any],
    start: int,
    step: int,
    weights: NDArray[Any],
    sums: NDArray[Any],
) -> None:
    """Write sums (N,) for values[start ..]: of each, and of those 1, 2 .. R steps to both sides."""
    count = sums.size
    middle = values[start : start + count]
    for k in range(1, weights.size, TOGETHER):
        near, far = weights[k], weights[k + 1]
        before, after = values[start - k * step :], values[start + k * step :]
        far_before, far_after = values[start - (k + 1) * step :], values[start + (k + 1) * step :]
        if k == 1:
            for i in range(count):
                pairs = (before[i] + after[i]) * near + (far_before[i] + far_after[i]) * far
                sums[i] = middle[i] * weights[0] + pairs
        else:
            for i in range(count):
                sums[i] += (before[i] + after[i]) * near + (far_before[i] + far_after[i]) * far
