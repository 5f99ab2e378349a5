"""Fast path of `weather.fog`: a new array for each level of the landscape."""

from __future__ import annotations

import numpy as np

from ..arrays import Float32, Uint8, Uint32
from ..compiling import kernel
from ..randomness import fill_words
from ..severity_table import Strength
from ..weather.fog import FOG

QUARTER = np.float32(0.25)

WORD_SCALE = 2.0**-31
"""Factor from words, as signed integers, to numbers from -1 to 1."""


def fog(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), as (x + c f) m / (m + c), m being its largest x."""
    density, decay = FOG.at(strength)
    height, width, _ = image.shape
    heights = landscape(max(image.shape), decay, stream)
    result = np.array(image, order="C")
    mix(result.reshape(height, 3 * width), heights, density)
    return result


def working_memory(height: int, width: int) -> int:
    """Return the bytes of the landscape for an image: its last level, and two of half the side."""
    side = 1 << (max(height, width, 3) - 1).bit_length()
    return 4 * (side * side + 2 * (side // 2) ** 2)


def landscape(smallest_side: int, decay: float, stream: int) -> Float32:
    """Return heights (N + 1, N + 1), whose last row and column repeat the first ones.

    In the original code the points of a coarse level lie far apart in one array. Here they lie side
    by side, in the same sums.
    """
    heights = np.zeros((2, 2), np.float32)
    largest = 1.0
    while len(heights) - 1 < smallest_side:
        finer = np.empty((2 * len(heights) - 1, 2 * len(heights) - 1), np.float32)
        refine(heights, np.uint64(stream), np.float32(largest * WORD_SCALE), finer)
        heights = finer
        largest /= decay * decay
    return heights


def mix(rows: Uint8, heights: Float32, density: float) -> None:
    """Add fog to the rows (H, 3 W) of an image, in place."""
    lowest, highest = float(heights.min()), float(heights.max())
    brightest = int(rows.max())
    share = brightest / (brightest + 255.0 * density)
    of_height = share * 255.0 * density / (highest - lowest)
    _mix(rows, heights, np.float32(share), np.float32(of_height), np.float32(lowest))


@kernel
def refine(coarse: Float32, stream: np.uint64, amplitude: np.float32, fine: Float32) -> None:
    """Write the level (2 N + 1, 2 N + 1) that follows a level (N + 1, N + 1).

    It takes 3 N rows of words from number 4 N^2: for the squares, for the diamonds in the rows of
    the coarse level and for those in its columns.
    """
    side = coarse.shape[0] - 1
    count = max(side, 2)  # words come in pairs
    words = np.empty((2, count), np.uint32)
    squares = np.empty_like(coarse)
    for y in range(side):
        fill_words(stream, 4 * side * side + y * count, words[0])
        fill_squares(coarse[y], coarse[y + 1], words[0], amplitude, squares[y + 1])
    squares[0] = squares[side]
    for y in range(side):
        for kind in range(2):
            row = (kind + 1) * side + y
            fill_words(stream, 4 * side * side + row * count, words[kind])
        lattice, between = (coarse[y], coarse[y + 1]), (squares[y], squares[y + 1])
        fill_diamonds(lattice, between, words, amplitude, (fine[2 * y], fine[2 * y + 1]))
    fine[2 * side] = fine[0]


@kernel
def fill_squares(
    upper: Float32, lower: Float32, words: Uint32, amplitude: np.float32, squares: Float32
) -> None:
    """Write a row (N + 1,) of midpoints between two rows, each after its upper left corner."""
    side = upper.size - 1
    for x in range(side):
        total = upper[x] + upper[x + 1] + lower[x] + lower[x + 1]
        squares[x + 1] = total * QUARTER + amplitude * np.float32(np.int32(words[x]))
    squares[0] = squares[side]


@kernel
def fill_diamonds(
    lattice: tuple[Float32, Float32],
    between: tuple[Float32, Float32],
    words: Uint32,
    amplitude: np.float32,
    fine: tuple[Float32, Float32],
) -> None:
    """Write two rows (2 N + 1,) from two rows of the lattice and the squares above and between.

    The new points lie between two neighbours in a row, and between two in a column; words (2, N).
    """
    upper, lower = lattice
    above, squares = between
    even, odd = fine
    side = upper.size - 1
    for x in range(side):
        in_row = upper[x] + upper[x + 1] + above[x + 1] + squares[x + 1]
        even[2 * x] = upper[x]
        even[2 * x + 1] = in_row * QUARTER + amplitude * np.float32(np.int32(words[0, x]))
    for x in range(side):
        in_column = upper[x] + lower[x] + squares[x] + squares[x + 1]
        odd[2 * x] = in_column * QUARTER + amplitude * np.float32(np.int32(words[1, x]))
        odd[2 * x + 1] = squares[x + 1]
    even[2 * side], odd[2 * side] = even[0], odd[0]


@kernel
def _mix(
    rows: Uint8, heights: Float32, share: np.float32, of_height: np.float32, lowest: np.float32
) -> None:
    """Replace each value of rows (H, 3 W) by a share of it plus a multiple of the height there."""
    for y in range(rows.shape[0]):
        row, heights_of_row = rows[y], heights[y]
        for x in range(row.size // 3):
            added = (heights_of_row[x] - lowest) * of_height
            row[3 * x] = np.uint8(np.int32(share * np.float32(row[3 * x]) + added))
            row[3 * x + 1] = np.uint8(np.int32(share * np.float32(row[3 * x + 1]) + added))
            row[3 * x + 2] = np.uint8(np.int32(share * np.float32(row[3 * x + 2]) + added))
