"""Gaussian filter of a plane, in float32 or float64.

The columns are filtered first and then the rows. The weights come from `arithmetic` and the sums
have a fixed order, so every processor gets the same bits. The two values at the same distance
share a weight and are added first.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from .arithmetic import exponential
from .arrays import Array, Float64
from .compiling import kernel

UNROLL = 2
"""Pairs of values that a loop adds at a time."""


def gaussian_weights(deviation: float, truncate: float = 4.0) -> Float64:
    """Return the weights at distances 0, 1 .. r, where r is `truncate` deviations, rounded.

    They are exp(-(distance / deviation)^2 / 2), divided by their sum over both sides, in the steps
    of SciPy. Zeros follow, until the weights after the first are a positive multiple of UNROLL.
    """
    radius = int(truncate * deviation + 0.5)
    weights = exponential(-0.5 / (deviation * deviation) * x**2 for x in range(radius + 1))
    total = math.fsum([*weights, *weights[1:]])  # exact: Python's sum changed in 3.12
    pairs = max(1, math.ceil(radius / UNROLL)) * UNROLL
    return np.pad(weights / total, (0, pairs - radius))


def smooth(
    plane: Array,
    deviations: tuple[float, float],
    truncate: float,
    beyond: Literal["symmetric", "edge"],
    out: Array | None = None,
) -> Array:
    """Return a plane (H, W) filtered with the deviations along its columns and along its rows.

    Beyond its edges the plane is mirrored ("symmetric", SciPy's "reflect") or its last value is
    repeated ("edge", SciPy's "nearest"). The sums have the dtype of the plane. `out`, which may be
    the plane, receives the result and saves allocating an array, which is slow.
    """
    down, across = (
        gaussian_weights(deviation, truncate).astype(plane.dtype) for deviation in deviations
    )
    padded = np.pad(plane, ((down.size - 1,) * 2, (across.size - 1,) * 2), beyond)
    result = np.empty(plane.shape, plane.dtype) if out is None else out
    _smooth(padded.reshape(-1), padded.shape[1], down, across, result)
    return result


@kernel
def _smooth(padded: Array, stride: int, down: Array, across: Array, result: Array) -> None:
    """Write the filtered plane (H, W) from the flattened rows of the padded plane."""
    sums = np.empty(stride, padded.dtype)
    for y in range(result.shape[0]):
        sum_both_sides(padded, (y + down.size - 1) * stride, stride, down, sums)
        sum_both_sides(sums, across.size - 1, 1, across, result[y])


@kernel
def sum_both_sides(values: Array, start: int, step: int, weights: Array, sums: Array) -> None:
    """Write the weighted sums (N,) of each of values[start:] and those 1, 2 .. R steps away."""
    count = sums.size
    middle = values[start : start + count]
    for k in range(1, weights.size, UNROLL):
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
