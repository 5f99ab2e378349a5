"""Random bits: SplitMix64, any of whose words can be had without those before it.

Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): the state is
a counter that grows by a constant, and a word is a mixture of its bits. So the word that decides
a value of an image follows from the stream and from where the value is, by integer arithmetic,
and no order, thread or processor can change it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels.compiling import kernel

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio, made odd
FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
SECOND_FACTOR = np.uint64(0x94D049BB133111EB)


@kernel
def fill_words(stream: np.uint64, start: int, words: NDArray[np.uint32]) -> None:
    """Write the words of a stream from number `start` on, 32 bits each.

    `start` and the size of `words` are even: SplitMix64 seeded with `stream` makes 64 bits at a
    time, whose lower half is taken first.
    """
    state = stream + np.uint64(start // 2) * GOLDEN_GAMMA
    for pair in range(words.size // 2):
        state += GOLDEN_GAMMA
        mixed = (state ^ (state >> np.uint64(30))) * FIRST_FACTOR
        mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND_FACTOR
        mixed ^= mixed >> np.uint64(31)
        words[2 * pair] = np.uint32(mixed & np.uint64(0xFFFFFFFF))
        words[2 * pair + 1] = np.uint32(mixed >> np.uint64(32))


def uniform(stream: int) -> float:
    """Return a number from 0 to less than 1 with 53 random bits: words 0 and 1 of a stream."""
    words = np.empty(2, np.uint32)
    fill_words(np.uint64(stream), 0, words)
    return (int(words[1]) << 21 | int(words[0]) >> 11) / 2.0**53
