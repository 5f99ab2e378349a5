"""Fog of Hendrycks & Dietterich (2019): a white veil as dense as a random landscape is high.

The landscape is made by midpoint displacement (Fournier, Fussell & Carpenter, "Computer rendering
of stochastic models", 1982), alternating between squares and diamonds.
"""

from __future__ import annotations

import numpy as np

from ..arithmetic import truncate
from ..arrays import Float64, Uint8
from ..randomness import draw_words
from ..severity_table import Parameter, SeverityTable, Strength

FOG = SeverityTable(
    Parameter("density", (1.5, 2.0, 2.5, 2.5, 3.0), 0, 100),
    Parameter("decay", (2.0, 2.0, 1.7, 1.5, 1.4), 1, 10),
)
"""The largest density, and the square root of the decay from a level to the next."""


def fog(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), as (x + c f) m / (m + c), m being its largest x.

    The image x has values from 0 to 1, and so has the fog f: the upper left corner of a landscape
    whose side is the smallest power of two that is at least H, W and 3.
    """
    density, decay = FOG.at(strength)
    height, width, _ = image.shape
    heights = landscape(max(image.shape), decay, stream)
    veil = (heights - heights.min()) / np.ptp(heights)
    foggy = image / 255 + density * veil[:height, :width, np.newaxis]  # (H, W, 3)
    brightest = image.max() / 255
    return truncate(255 * foggy * brightest / (brightest + density))


def landscape(smallest_side: int, decay: float, stream: int) -> Float64:
    """Return heights (N, N), N being a power of two; opposite edges are neighbours.

    Every level places a point in the middle of four neighbours, first of each square and then of
    the two kinds of diamonds, at their mean plus a uniform displacement up to `largest`.
    """
    heights, largest = np.zeros((1, 1)), 1.0
    while (side := len(heights)) < smallest_side:
        row = max(side, 2)  # words come in pairs
        words = draw_words(stream, 4 * side * side, 3 * side * row).view(np.int32)
        draws = largest * words.reshape(3, side, row)[..., :side] / 2.0**31
        right, below = np.roll(heights, -1, axis=1), np.roll(heights, -1, axis=0)
        squares = (heights + right + below + np.roll(right, -1, axis=0)) / 4 + draws[0]
        in_rows = (heights + right + squares + np.roll(squares, 1, axis=0)) / 4 + draws[1]
        in_columns = (heights + below + squares + np.roll(squares, 1, axis=1)) / 4 + draws[2]
        upper, lower = np.stack([heights, in_rows], -1), np.stack([in_columns, squares], -1)
        heights = np.stack([upper, lower], axis=1).reshape(2 * side, 2 * side)
        largest /= decay * decay
    return heights
