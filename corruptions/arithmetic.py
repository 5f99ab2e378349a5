"""Exponential, cosine and sine with the same bits on every machine; truncation.

C libraries differ in the last digit between processors and versions, and one digit can change a
pixel. Python's decimal arithmetic is specified to the last digit, and so is its exponential. Each
result is the double nearest to the true value, as from good C libraries in nearly all cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal

import numpy as np

from .arrays import Array, Float64, Uint8

DIGITS = Context(prec=40)
"""More than twice the digits of a double: rounding twice changes nothing."""

DEGREE = Decimal("0.01745329251994329576923690768488612713443")  # pi / 180


def exponential(powers: Iterable[float]) -> Float64:
    """Return e to the power of each of N numbers, (N,)."""
    return np.array([float(Decimal(float(power)).exp(DIGITS)) for power in powers])


def cosine_and_sine(degrees: float) -> tuple[float, float]:
    """Return the cosine and the sine of an angle from -180 to 180 degrees.

    They are summed as 1 - x^2/2! + x^4/4! .. and x - x^3/3! + x^5/5! ..
    """
    angle = DIGITS.multiply(Decimal(float(degrees)), DEGREE)
    minus_square = DIGITS.multiply(DIGITS.multiply(angle, angle), Decimal(-1))
    cosine, sine, even, odd = Decimal(1), angle, Decimal(1), angle  # sums and their last terms
    for k in range(2, 62, 2):  # pi^61 / 61! is less than the last digit
        even = DIGITS.divide(DIGITS.multiply(even, minus_square), Decimal(k * (k - 1)))
        odd = DIGITS.divide(DIGITS.multiply(odd, minus_square), Decimal(k * (k + 1)))
        cosine, sine = DIGITS.add(cosine, even), DIGITS.add(sine, odd)
    return float(cosine), float(sine)


def truncate(values: Array) -> Uint8:
    """Return values clipped to 0 .. 255 and truncated to grey levels, as in `imagecorruptions`."""
    levels: Uint8 = np.clip(values, 0, 255).astype(np.uint8)
    return levels
