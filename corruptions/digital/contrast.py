"""Contrast: each channel comes closer to its mean.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

It holds no chance. It differs from that package by one grey level where the package's sum is
rounded below an integer: as there, a result between two grey levels is cut off, not rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel

CONTRAST = (8, 6, 4, 2, 1)
"""By severity: the contrast that is left, in twentieths: 0.4, 0.3, 0.2, 0.1, 0.05."""

WHOLE = np.uint32(20)  # that many twentieths; unsigned so that the division becomes a product


def contrast(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return the image, RGB uint8 (H, W, 3), as (x - mean) c + mean with each channel's mean.

    In integers, so that no order of summation decides a pixel. With c = k / 20 the formula is
    (k x + (20 - k) mean) / 20, from 0 to 255 like x. As k x is an integer, cutting the mean's
    term off to an integer before the division changes no result that is cut off after it.
    """
    result = np.array(image, order="C")
    height, width, _ = result.shape
    kept = CONTRAST[severity - 1]
    sums = _channel_sums(result.reshape(-1))
    from_mean = [(int(WHOLE) - kept) * total // (height * width) for total in sums]
    added = np.tile(np.array(from_mean, np.uint16), width)  # (3 W,)
    _mix(result.reshape(height, 3 * width), np.uint32(kept), added)
    return result


@kernel
def _channel_sums(pixels: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Return the sums of red, green and blue over pixels (3 N,)."""
    red = green = blue = 0
    for i in range(pixels.size // 3):
        red += pixels[3 * i]
        green += pixels[3 * i + 1]
        blue += pixels[3 * i + 2]
    return red, green, blue


@kernel
def _mix(rows: NDArray[np.uint8], kept: np.uint32, added: NDArray[np.uint16]) -> None:
    """Put (kept x + added) / 20 in place of each x in rows (H, 3 W), `added` (3 W,) for each."""
    for y in range(rows.shape[0]):
        row = rows[y]
        for i in range(row.size):
            row[i] = np.uint16(kept * row[i] + added[i]) // WHOLE
