"""Draw a random grey level for each grey level with one look-up, by Walker's alias method.

Noise that treats every value independently is given by the probabilities of the 256 outcomes of
each of the 256 grey levels. Walker (1977) lays the probabilities of a level out in 256 columns of
equal height. Column g holds a part of the probability of outcome g and, above it, a part of that
of one other outcome, its alias. The upper 8 bits of a random word choose a column, and the lower
24 bits a height in it.

Probabilities are rounded to multiples of 2**-32; all further steps are exact.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float64, Int64, Uint8, Uint32
from ..compiling import kernel
from ..randomness import BLOCK, fill_words

HEIGHT = 2**24
"""Height of a column, in units of 2**-32."""

LEVELS = np.arange(256.0)[:, np.newaxis]
"""Grey levels of the image, one a row: (256, 1)."""

GREYS = np.arange(1.0, 256.0)
"""Grey levels 1 .. 255: a noise has an edge below each, (255,)."""

MOST_TABLES = 64
"""Strengths of a noise whose tables are kept, 256 KiB each."""

EIGHT = np.uint32(8)
UPPER_8_OF_32 = np.uint32(24)
ALL_BUT_LOWER_8 = np.uint32(0xFFFFFF00)


def drawn(image: Uint8, tables: Uint32, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) with each value drawn from the table row of its level."""
    result = np.array(image, order="C")
    draw_levels(result.reshape(-1), np.uint64(stream), tables)
    return result


def alias_tables(below: Float64) -> Uint32:
    """Return the columns (256, 256) of each grey level, one level a row, for `draw_levels`.

    `below` (256, 255) holds the probabilities that a level, the row, becomes less than 1 .. 255.
    An entry consists of the height where the alias begins, 24 bits, and the alias, 8 bits.
    """
    cumulative = np.rint(below * 2.0**32).astype(np.int64)
    shares = np.diff(cumulative, axis=1, prepend=0, append=2**32)  # (256, 256)
    tables = np.empty(shares.shape, np.uint32)
    _lay_out(shares, tables)
    return tables


@kernel
def _lay_out(shares: Int64, tables: Uint32) -> None:
    """Fill the columns of every row: with their own outcomes, then up from larger ones."""
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
def draw_levels(levels: Uint8, stream: np.uint64, tables: Uint32) -> None:
    """Replace each of the levels (N,) by a random one from its row of the alias tables."""
    columns = tables.reshape(-1)  # (65536,)
    words, entries = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32)
    for start in range(0, levels.size, BLOCK):
        fill_words(stream, start, words)
        block = levels[start : start + BLOCK]
        # In three loops LLVM vectorises all but the look-ups.
        for i in range(block.size):
            entries[i] = np.uint32(block[i]) << EIGHT | words[i] >> UPPER_8_OF_32
        for i in range(block.size):
            entries[i] = columns[entries[i]]
        for i in range(block.size):
            is_own = np.uint32(words[i] << EIGHT) < np.uint32(entries[i] & ALL_BUT_LOWER_8)
            block[i] = np.uint8(words[i] >> UPPER_8_OF_32) if is_own else np.uint8(entries[i])
