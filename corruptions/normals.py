"""Standard normal numbers, which can start at any number of a stream.

Box & Muller, "A note on the generation of random normal deviates" (1958): with u and v uniform,
sqrt(-2 log u) is the distance from the origin of a point whose coordinates are two independent
standard normals, and 2 pi v is its direction. The logarithm, the cosine and the sine are series
of + - * / in float32: the same words become the same normals on every processor.
"""

from __future__ import annotations

import math

import numpy as np

from .arrays import Float32, Uint32
from .compiling import kernel
from .randomness import BLOCK, fill_words

# Typed, since Numba would promote to float64.
HALF, ONE, TWO = np.float32(0.5), np.float32(1), np.float32(2)
TO_UNIT = np.float32(2.0**-31)
EIGHTH_TURN = np.float32(math.pi / 4 * 2.0**-31)
LOG_2 = np.float32(math.log(2))
ROOT_HALF_BITS = np.int32(0x3F3504F3)  # the float32 next to sqrt(1 / 2), as an integer
THIRD, FIFTH, SEVENTH, NINTH = (np.float32(1 / n) for n in (3, 5, 7, 9))
SINE_3, SINE_5, SINE_7, SINE_9 = (np.float32(1 / math.factorial(n)) for n in (3, 5, 7, 9))
COSINE_2, COSINE_4, COSINE_6, COSINE_8 = (np.float32(1 / math.factorial(n)) for n in (2, 4, 6, 8))


@kernel
def fill_normals(stream: np.uint64, start: int, normals: Float32) -> None:
    """Write the standard normals of a stream from number `start`, which is even.

    Numbers 2 k and 2 k + 1 come from words 2 k and 2 k + 1: other words must be taken from
    elsewhere in the stream. All lie within 6.7 of 0.
    """
    words = np.empty(BLOCK, np.uint32)
    for first in range(0, normals.size, BLOCK):
        fill_words(stream, start + first, words)
        _box_muller(words, normals[first : first + BLOCK])


def draw_normals(stream: int, start: int, shape: tuple[int, ...]) -> Float32:
    """Return the standard normals of a stream from number `start`, which is even, float32."""
    normals = np.empty(shape, np.float32)
    fill_normals(np.uint64(stream), start, normals.reshape(-1))
    return normals


@kernel
def _box_muller(words: Uint32, normals: Float32) -> None:
    """Turn words (N,) into normals (N,); an odd N ends with the first of a pair."""
    for pair in range(normals.size // 2):
        distance = _distance(words[2 * pair])
        cosine, sine = _direction(words[2 * pair + 1])
        normals[2 * pair] = distance * cosine
        normals[2 * pair + 1] = distance * sine
    if normals.size % 2 == 1:
        cosine, _ = _direction(words[normals.size])
        normals[-1] = _distance(words[normals.size - 1]) * cosine


@kernel
def _distance(word: np.uint32) -> np.float32:
    """Return sqrt(-2 log u), u being the upper 31 bits of a word, between 0 and 1.

    u = 2**e m with m from sqrt(1/2) to sqrt(2), and log m = 2 (t + t^3/3 + t^5/5 ..) with
    t = (m - 1) / (m + 1), which is less than 0.18.
    """
    uniform = (np.float32(np.int32(word >> np.uint32(1))) + HALF) * TO_UNIT
    bits = np.float32(uniform).view(np.int32)
    exponent = np.int32(np.int32(bits - ROOT_HALF_BITS) >> np.int32(23))
    mantissa = np.int32(bits - np.int32(exponent << np.int32(23))).view(np.float32)
    t = (mantissa - ONE) / (mantissa + ONE)
    square = t * t
    series = ONE + square * (THIRD + square * (FIFTH + square * (SEVENTH + square * NINTH)))
    logarithm = np.float32(exponent) * LOG_2 + TWO * t * series
    distance: np.float32 = np.sqrt(max(np.float32(0), -TWO * logarithm))
    return distance


@kernel
def _direction(word: np.uint32) -> tuple[np.float32, np.float32]:
    """Return the cosine and the sine of a direction.

    30 bits of the word are an angle within an eighth of a turn of the first axis. One further bit
    reverses that axis, and one swaps it with the second.
    """
    angle = np.float32(np.int32(word << np.uint32(2))) * EIGHTH_TURN
    square = angle * angle
    sine = angle * (
        ONE - square * (SINE_3 - square * (SINE_5 - square * (SINE_7 - square * SINE_9)))
    )
    cosine = ONE - square * (
        COSINE_2 - square * (COSINE_4 - square * (COSINE_6 - square * COSINE_8))
    )
    cosine = -cosine if word & np.uint32(0x80000000) else cosine
    swapped = word & np.uint32(0x40000000)
    return (sine, cosine) if swapped else (cosine, sine)
