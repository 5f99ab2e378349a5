"""Perlin noise: five octaves of the absolute value of smooth noise, mixed with the image.

Perlin, "An image synthesizer" (SIGGRAPH 1985). A lattice has random gradients, and the noise
between its points is interpolated from theirs.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float64, Int64, Uint8
from ..compiling import kernel
from ..elementary import level
from ..randomness import draw_words
from ..severity_table import Parameter, SeverityTable, Strength

PERLIN_NOISE = SeverityTable(Parameter("share", (0.23, 0.26, 0.29, 0.38, 0.44), 0, 1))
"""Share of the noise in the result."""

CELL = 1 / 7
"""Side of a cell of the coarsest lattice, where the shorter side of the image is 1."""

OCTAVES = 5
"""Lattices; each is twice as fine as the one before, and its noise counts half."""

PERIOD = 256
"""Cells after which a lattice repeats."""


def perlin_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return (1 - c) x + 255 c n of an image uint8 (H, W, 3), n from 1/2 to 1 in all channels."""
    gradients, order = lattice(stream)
    result = np.empty(image.shape, np.uint8)
    cell = CELL * min(image.shape[:2])
    (share,) = PERLIN_NOISE.at(strength)
    _mix(image, cell, gradients, order, share, result)
    return result


def lattice(stream: int) -> tuple[Float64, Int64]:
    """Return unit gradients (256, 2), and a shuffled order (256,) by which points get them.

    A gradient points to a random point of a square lattice. Where that is the origin, which the
    published code divides by 0, the gradient is 0. Shuffling swaps each number with any other.
    """
    words = draw_words(stream, 0, 3 * PERIOD)
    steps = (words[: 2 * PERIOD] >> np.uint32(23)).astype(np.float64).reshape(PERIOD, 2) - PERIOD
    lengths = np.sqrt(steps[:, 0] * steps[:, 0] + steps[:, 1] * steps[:, 1])
    order = np.arange(PERIOD)
    for i, other in zip(range(PERIOD)[::-1], words[2 * PERIOD :] >> np.uint32(24), strict=True):
        order[[i, other]] = order[[other, i]]
    return steps / np.maximum(lengths, 1.0)[:, np.newaxis], order


@kernel
def _mix(
    image: Uint8, cell: float, gradients: Float64, order: Int64, strength: float, result: Uint8
) -> None:
    """Write the image (H, W, 3) mixed with noise."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            total, scale = 0.0, 1.0
            for _ in range(OCTAVES):
                total += abs(_noise(scale * y / cell, scale * x / cell, gradients, order)) / scale
                scale *= 2.0
            added = 255.0 * strength * min(0.5 + 0.5 * total, 1.0)
            for channel in range(3):
                result[y, x, channel] = level((1.0 - strength) * image[y, x, channel] + added)


@kernel
def _noise(y: float, x: float, gradients: Float64, order: Int64) -> float:
    """Return the noise at a place in cells, neither coordinate negative."""
    row, column = int(y), int(x)
    down, right = y - row, x - column
    first, second = order[row % PERIOD], order[(row + 1) % PERIOD]
    left, after = column % PERIOD, (column + 1) % PERIOD
    smooth_down = down * down * (3.0 - 2.0 * down)
    smooth_right = right * right * (3.0 - 2.0 * right)
    corner, below = (
        gradients[order[(first + left) % PERIOD]],
        gradients[order[(second + left) % PERIOD]],
    )
    upper = down * corner[0] + right * corner[1]
    lower = (down - 1.0) * below[0] + right * below[1]
    near = upper + smooth_down * (lower - upper)
    corner, below = (
        gradients[order[(first + after) % PERIOD]],
        gradients[order[(second + after) % PERIOD]],
    )
    upper = down * corner[0] + (right - 1.0) * corner[1]
    lower = (down - 1.0) * below[0] + (right - 1.0) * below[1]
    far = upper + smooth_down * (lower - upper)
    return float(1.5 * (near + smooth_right * (far - near)))
