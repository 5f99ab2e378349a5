"""Sine, direction, power and truncation in float64, for kernels: the same bits on every processor.

They are series of + - * /, as C libraries differ in the last digit. Their errors are below 1e-14.
Angles are in turns, since whole turns are then dropped without an error.
"""

from __future__ import annotations

import math

import numpy as np

from .compiling import kernel

TURN = 2.0 * math.pi
S3, S5, S7, S9, S11, S13, S15, S17, S19, S21 = (
    (-1.0) ** k / math.factorial(2 * k + 1) for k in range(1, 11)
)
A3, A5, A7, A9, A11, A13, A15, A17, A19 = ((-1.0) ** k / (2 * k + 1) for k in range(1, 10))
L3, L5, L7, L9, L11, L13, L15, L17 = (1.0 / (2 * k + 1) for k in range(1, 9))
E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12 = (1.0 / math.factorial(k) for k in range(2, 13))
"""Coefficients of the series of sine, arctangent, logarithm and exponential, by power.

They are written out, since Numba makes no fast code of a loop over them.
"""

TAN_SIXTEENTH = math.sqrt(2.0) - 1.0  # of a turn
LOG_2 = math.log(2.0)
ROOT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)  # the float64 next to sqrt(1 / 2), as an integer
MANTISSA, BIAS = np.int64(52), np.int64(1023)


@kernel
def sine(turns: float) -> float:
    """Return the sine of an angle in turns; its cosine is that of the angle plus 0.25."""
    half_turns = np.floor(2.0 * turns + 0.5)
    angle = (turns - 0.5 * half_turns) * TURN  # within a quarter of a turn
    sign = 1.0 - 2.0 * (half_turns - 2.0 * np.floor(0.5 * half_turns))
    q = angle * angle
    high = S13 + q * (S15 + q * (S17 + q * (S19 + q * S21)))
    series = 1.0 + q * (S3 + q * (S5 + q * (S7 + q * (S9 + q * (S11 + q * high)))))
    return float(sign * angle * series)


@kernel
def direction(x: float, y: float) -> float:
    """Return the angle of a point from the first axis, from -0.5 to 0.5 turns; 0 at the origin."""
    width, height = abs(x), abs(y)
    shorter, longer = min(width, height), max(width, height)
    slope = shorter / longer if longer > 0.0 else 0.0
    steep = slope > TAN_SIXTEENTH
    slope = (slope - 1.0) / (slope + 1.0) if steep else slope
    slope /= 1.0 + np.sqrt(1.0 + slope * slope)  # of half the angle
    q = slope * slope
    high = A11 + q * (A13 + q * (A15 + q * (A17 + q * A19)))
    series = 1.0 + q * (A3 + q * (A5 + q * (A7 + q * (A9 + q * high))))
    turns = (0.125 if steep else 0.0) + 2.0 * slope * series / TURN
    turns = 0.25 - turns if height > width else turns
    turns = 0.5 - turns if x < 0.0 else turns
    return float(-turns if y < 0.0 else turns)


@kernel
def power(base: float, exponent: float) -> float:
    """Return a normal positive number to a power."""
    bits = np.float64(base).view(np.int64)
    shift = np.int64(np.int64(bits - ROOT_HALF_BITS) >> MANTISSA)
    mantissa = np.int64(bits - np.int64(shift << MANTISSA)).view(np.float64)
    t = (mantissa - 1.0) / (mantissa + 1.0)  # within 0.18
    q = t * t
    high = L9 + q * (L11 + q * (L13 + q * (L15 + q * L17)))
    series = 1.0 + q * (L3 + q * (L5 + q * (L7 + q * high)))
    logarithm = exponent * (shift * LOG_2 + 2.0 * t * series)
    doublings = np.floor(min(max(logarithm / LOG_2, -1020.0), 1020.0) + 0.5)
    rest = logarithm - doublings * LOG_2
    scale = np.int64((np.int64(doublings) + BIAS) << MANTISSA).view(np.float64)
    high = E6 + rest * (E7 + rest * (E8 + rest * (E9 + rest * (E10 + rest * (E11 + rest * E12)))))
    low = 1.0 + rest * (1.0 + rest * (E2 + rest * (E3 + rest * (E4 + rest * (E5 + rest * high)))))
    return float(low * scale)


@kernel
def level(value: float) -> np.uint8:
    """Return a value clipped to 0 .. 255 and truncated to a grey level."""
    return np.uint8(min(max(value, 0.0), 255.0))
