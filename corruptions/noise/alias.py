"""A random grey level for each grey level, by one look-up: Walker's alias method, in integers.

Noise that treats every value of an image by itself is known once it is known, for each of the
256 grey levels, how probable every outcome is. Walker (1977) lays the 256 probabilities of a
level out in 256 columns of the same height, at most two to a column: at the bottom of column g
some of that of outcome g, above it some of one other, its alias. A random word chooses a column
with its upper 8 bits and a height in it with its lower 24.

The probabilities are rounded to multiples of 2**-32; from there on all is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel
from ..randomness import fill_words

BLOCK = 2048
"""Random words at a time: they stay in a processor's nearest cache."""

HEIGHT = 2**24
"""Of a column, in units of 2**-32."""

LEVELS = np.arange(256.0)[:, np.newaxis]
"""What is drawn for, a row each: (256, 1)."""

GREYS = np.arange(1.0, 256.0)
"""The outcomes whose edges a noise has: from the level before to this one and above, (255,)."""

EIGHT = np.uint32(8)
UPPER_8_OF_32 = np.uint32(24)
ALL_BUT_LOWER_8 = np.uint32(0xFFFFFF00)


def drawn(image: NDArray[np.uint8], tables: NDArray[np.uint32], stream: int) -> NDArray[np.uint8]:
    """Return the image uint8 (H, W, 3) with each value drawn anew from the row of its level."""
    result = np.array(image, order="C")
    draw_levels(result.reshape(-1), np.uint64(stream), tables)
    return result


def alias_tables(below: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return the columns (256, 256) of each grey level, a row each, for `draw_levels`.

    `below` (256, 255) holds the probability that a level, the row, becomes less than 1, 2 .. 255.
    An entry is the height where the alias begins, 24 bits, and then the alias, 8 bits.
    """
    cumulative = np.rint(below * 2.0**32).astype(np.int64)
    shares = np.diff(cumulative, axis=1, prepend=0, append=2**32)  # (256, 256)
    tables = np.empty(shares.shape, np.uint32)
    _lay_out(shares, tables)
    return tables


@kernel
def _lay_out(shares: NDArray[np.int64], tables: NDArray[np.uint32]) -> None:
    """Fill every row's columns, each with its own outcome and then from one that has too much."""
    short, long = np.empty(256, np.int64), np.empty(256, np.int64)
    for level in range(256):
        left, columns = shares[level], tables[level]
        shorts = longs = 0
        for outcome in range(256):
            columns[outcome] = outcome
            if left[outcome] < HEIGHT:
                short[shorts] = outcome
                shorts += 1
            else:
                long[longs] = outcome
                longs += 1
        while shorts > 0:
            shorts -= 1
            taker, giver = short[shorts], long[longs - 1]
            columns[taker] = left[taker] << 8 | giver
            left[giver] -= HEIGHT - left[taker]
            if left[giver] < HEIGHT:
                longs -= 1
                short[shorts] = giver
                shorts += 1


@kernel
def draw_levels(levels: NDArray[np.uint8], stream: np.uint64, tables: NDArray[np.uint32]) -> None:
    """Replace each of the levels (N,) by one drawn from its row of the alias tables."""
    columns = tables.reshape(-1)  # (65536,)
    words, entries = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32)
    for start in range(0, levels.size, BLOCK):
        fill_words(stream, start, words)
        block = levels[start : start + BLOCK]
        # Three loops: all but the look-ups themselves then go several values at a time.
        for i in range(block.size):
            entries[i] = np.uint32(block[i]) << EIGHT | words[i] >> UPPER_8_OF_32
        for i in range(block.size):
            entries[i] = columns[entries[i]]
        for i in range(block.size):
            is_own = np.uint32(words[i] << EIGHT) < np.uint32(entries[i] & ALL_BUT_LOWER_8)
            block[i] = np.uint8(words[i] >> UPPER_8_OF_32) if is_own else np.uint8(entries[i])
