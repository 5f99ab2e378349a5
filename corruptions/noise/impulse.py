"""Impulse noise: some values become black, and as many white.

A random 32-bit word decides for each value: the lowest words make it black, the next ones white.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Uint8, Uint32
from ..compiling import kernel
from ..randomness import BLOCK, fill_words
from ..severity_table import Parameter, SeverityTable, Strength

IMPULSE_NOISE = SeverityTable(Parameter("share", (0.03, 0.06, 0.09, 0.17, 0.27), 0, 0.99))
"""Share of the values that are replaced, half by black and half by white."""


def impulse_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3), some of its values black and as many white."""
    result = np.array(image, order="C")
    _replace(result.reshape(-1), np.uint64(stream), impulse_half(strength))
    return result


def impulse_half(strength: Strength) -> np.uint32:
    """Return the probability of black, which is that of white, in units of 2**-32."""
    (share,) = IMPULSE_NOISE.at(strength)
    return np.uint32(round(share / 2 * 2**32))


@kernel
def replace_levels(levels: Uint8, words: Uint32, half: np.uint32) -> None:
    """Make levels (N,) black whose word is below `half`, and white those below 2 `half`."""
    whole = np.uint32(half + half)
    for i in range(levels.size):
        level = levels[i]
        level = np.uint8(255) if words[i] < whole else level
        level = np.uint8(0) if words[i] < half else level
        levels[i] = level


@kernel
def _replace(levels: Uint8, stream: np.uint64, half: np.uint32) -> None:
    """Replace levels (N,) by black or white, each with probability `half` / 2**32."""
    words = np.empty(BLOCK, np.uint32)
    for start in range(0, levels.size, BLOCK):
        fill_words(stream, start, words)
        replace_levels(levels[start : start + BLOCK], words, half)
