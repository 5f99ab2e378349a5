"""Random words from SplitMix64, which can start at any word of a stream.

Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): the state is
a counter, and a word is a hash of it. The word for a value of an image follows from the stream and
from the value's position by integer arithmetic, so order, threads and processors cannot change it.
"""

from __future__ import annotations

import numpy as np

from .arrays import Float64, Uint32
from .compiling import kernel

BLOCK = 2048
"""Words to draw at a time: with what they become, they fit into the L1 cache."""

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio, made odd
FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
SECOND_FACTOR = np.uint64(0x94D049BB133111EB)


@kernel
def fill_words(stream: np.uint64, start: int, words: Uint32) -> None:
    """Write the 32-bit words of a stream from number `start`.

    `start` and the size of `words` are even: SplitMix64 with seed `stream` makes 64 bits at a time,
    of which the lower half comes first.
    """
    state = stream + np.uint64(start // 2) * GOLDEN_GAMMA
    for pair in range(words.size // 2):
        state += GOLDEN_GAMMA
        mixed = (state ^ (state >> np.uint64(30))) * FIRST_FACTOR
        mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND_FACTOR
        mixed ^= mixed >> np.uint64(31)
        words[2 * pair] = np.uint32(mixed & np.uint64(0xFFFFFFFF))
        words[2 * pair + 1] = np.uint32(mixed >> np.uint64(32))


def draw_words(stream: int, start: int, count: int) -> Uint32:
    """Return `count` words of a stream, uint32, from number `start`; both are even."""
    words = np.empty(count, np.uint32)
    fill_words(np.uint64(stream), start, words)
    return words


def draw_uniform(stream: int) -> float:
    """Return a number in [0, 1) with 53 random bits, from words 0 and 1 of a stream."""
    return float(draw_uniforms(stream, 0, 1)[0])


def draw_uniforms(stream: int, start: int, count: int) -> Float64:
    """Return numbers (count,) in [0, 1), each with 53 random bits of two words from `start` on."""
    lower, upper = draw_words(stream, start, 2 * count).reshape(count, 2).T.astype(np.uint64)
    bits = (upper << np.uint64(21)) | (lower >> np.uint64(11))
    return bits / 2.0**53


def below(word: np.uint32, count: int) -> int:
    """Return an integer from 0 to count - 1, all equally likely, from a random word."""
    return int(word) * count >> 32
