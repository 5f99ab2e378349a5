"""Gaussian blur, as by SciPy's `gaussian_filter`: edges repeated, truncated at 4 deviations.

The columns are filtered first and then the rows, with the same weights on both sides. Sums are in
float32, within 1e-4 of a grey level of SciPy's float64, and are truncated to grey levels. That
matters only where a sum is an integer but for rounding, as in flat areas. There
`imagecorruptions` keeps some levels and lowers others by one. To do the same, each level is moved
up or down by more than the rounding before it is filtered: see `nudged_levels`.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..arrays import Float32, Uint8
from ..compiling import kernel
from ..severity_table import Parameter, SeverityTable, Strength
from ..smoothing import gaussian_weights, sum_both_sides

GAUSSIAN_BLUR = SeverityTable(Parameter("deviation", (1.0, 2.0, 3.0, 4.0, 6.0), 0.1, 100))
"""Standard deviation, in pixels."""

NUDGE = 2e-4
"""In grey levels: larger than the rounding of float32, and rarely enough to change a pixel."""

TILE_HEIGHT, TILE_WIDTH = 64, 1536
"""Rows of a tile and values in each; with their surroundings they fit into the L2 cache."""


def gaussian_blur(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) blurred by a Gaussian, its edges repeated."""
    (deviation,) = GAUSSIAN_BLUR.at(strength)
    return smooth(image, deviation)


def smooth(image: Uint8, deviation: float) -> Uint8:
    """Return an image uint8 (H, W, 3) blurred by a Gaussian with a deviation in pixels."""
    height = len(image)
    weights = gaussian_weights(deviation)
    reach = weights.size - 1
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    result = np.empty(image.shape, np.uint8)
    _smooth(
        padded.reshape(len(padded), -1),  # (H + 2 R, 3 (W + 2 R))
        nudged_levels(deviation),
        weights.astype(np.float32),
        result.reshape(height, -1),  # (H, 3 W)
    )
    return result


@cache
def nudged_levels(deviation: float) -> Float32:
    """Return the grey levels (256,), raised where a flat area keeps its level, else lowered.

    A level is filtered with the rounding of SciPy: in float64, from 0 to 1, first the pixel itself
    and then pairs from the outermost inwards, along the columns and then along the rows.
    """
    levels = np.arange(256)
    weights = gaussian_weights(deviation)  # with the last digits of SciPy's
    values = levels / 255.0
    for _ in ("columns", "rows"):
        sums = values * weights[0]
        for weight in weights[:0:-1]:
            sums += (values + values) * weight
        values = sums
    kept = (values * 255.0).astype(np.uint8) == levels
    return np.where(kept, levels + NUDGE, levels - NUDGE).astype(np.float32)


@kernel
def _smooth(lines: Uint8, levels: Float32, weights: Float32, result: Uint8) -> None:
    """Write the blurred result (H, 3 W) of lines (H + 2 R, 3 (W + 2 R)), tile by tile."""
    reach = weights.size - 1
    stride = TILE_WIDTH + 6 * reach
    tile = np.empty((TILE_HEIGHT + 2 * reach) * stride, np.float32)
    column_sums, row_sums = np.empty(stride, np.float32), np.empty(TILE_WIDTH, np.float32)
    for left in range(0, result.shape[1], TILE_WIDTH):
        width = min(TILE_WIDTH, result.shape[1] - left)
        columns, rows = column_sums[: width + 6 * reach], row_sums[:width]
        for top in range(0, result.shape[0], TILE_HEIGHT):
            height = min(TILE_HEIGHT, result.shape[0] - top)
            for y in range(height + 2 * reach):
                line = lines[top + y, left : left + width + 6 * reach]
                in_tile = tile[y * stride :]
                for i in range(line.size):
                    in_tile[i] = levels[line[i]]
            for y in range(height):
                sum_both_sides(tile, (y + reach) * stride, stride, weights, columns)
                sum_both_sides(columns, 3 * reach, 3, weights, rows)
                blurred = result[top + y, left:]
                for i in range(width):
                    blurred[i] = np.uint8(rows[i])
