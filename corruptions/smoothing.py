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
from .kernels import kernel


def gaussian_weights(deviation: float, truncate: float) -> NDArray[np.float64]:
    """Return the weights at the distances 0, 1 .. r, where r is `truncate` deviations, rounded.

    They are exp(-(distance / deviation)^2 / 2), divided by their sum over both sides.
    """
    radius = int(truncate * deviation + 0.5)
    distances = [each / deviation for each in range(radius + 1)]
    weights = exponential(-0.5 * distance * distance for distance in distances)
    total = math.fsum([*weights, *weights[1:]])  # exact: Python's sum changed in 3.12
    return weights / total


def smooth(
    plane: NDArray[Any],
    deviations: tuple[float, float],
    truncate: float,
    beyond: Literal["symmetric", "edge"],
) -> NDArray[Any]:
    """Return a plane (H, W) filtered with a deviation along its columns and one along its rows.

    Beyond its edges the plane is mirrored ("symmetric", SciPy's "reflect") or its last number
    repeated ("edge", SciPy's "nearest"). It is computed in the type of the plane.
    """
    down, across = (
        gaussian_weights(deviation, truncate).astype(plane.dtype) for deviation in deviations
    )
    margins = ((down.size - 1,) * 2, (across.size - 1,) * 2)
    result = np.empty(plane.shape, plane.dtype)
    _smooth(np.pad(plane, margins, beyond), down, across, result)
    return result


@kernel
def _smooth(
    padded: NDArray[Any],
    down: NDArray[Any],
    across: NDArray[Any],
    result: NDArray[Any],
) -> None:
    """Filter to `result` (H, W) the plane (H + 2 R, W + 2 r) that has margins for the weights."""
    height, width = result.shape
    middle, left = down.size - 1, across.size - 1
    sums = np.empty(padded.shape[1], padded.dtype)
    for y in range(height):
        row, total = padded[y + middle], result[y]
        for i in range(sums.size):
            sums[i] = down[0] * row[i]
        for k in range(1, down.size):
            _add_pair(sums, down[k], padded[y + middle - k], padded[y + middle + k])
        for i in range(width):
            total[i] = across[0] * sums[left + i]
        for k in range(1, across.size):
            _add_pair(total, across[k], sums[left - k :], sums[left + k :])


@kernel
def _add_pair(
    sums: NDArray[Any],
    weight: Any,
    before: NDArray[Any],
    after: NDArray[Any],
) -> None:
    """Add a weight times the numbers on both sides to the sums (N,)."""
    for i in range(sums.size):
        sums[i] += weight * (before[i] + after[i])
