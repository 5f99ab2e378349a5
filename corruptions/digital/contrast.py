"""Contrast: each channel comes closer to its mean.

Results are truncated to grey levels, as in `imagecorruptions`; they differ from it by one level
where its sum is rounded below an integer.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Uint8, Uint16
from ..compiling import kernel
from ..severity_table import Parameter, SeverityTable, Strength

CONTRAST = SeverityTable(Parameter("kept", (0.4, 0.3, 0.2, 0.1, 0.05), 0, 1))
"""Remaining contrast, rounded to multiples of 1 / 200."""

WHOLE = np.uint32(200)  # unsigned: LLVM turns the division into a multiplication


def contrast(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), as (x - mean) c + mean with each channel's mean.

    It is computed in integers, so the order of summation does not matter. With c = k / 200 the
    formula is (k x + (200 - k) mean) / 200. Since k x is an integer, truncating the other term
    first does not change the truncated result.
    """
    result = np.array(image, order="C")
    height, width, _ = result.shape
    (share,) = CONTRAST.at(strength)
    kept = round(share * int(WHOLE))
    sums = _channel_sums(result.reshape(-1))
    from_mean = [(int(WHOLE) - kept) * total // (height * width) for total in sums]
    added = np.tile(np.array(from_mean, np.uint16), width)  # (3 W,)
    _mix(result.reshape(height, 3 * width), np.uint32(kept), added)
    return result


@kernel
def _channel_sums(pixels: Uint8) -> tuple[int, int, int]:
    """Return the sums of red, green and blue over pixels (3 N,)."""
    red = green = blue = 0
    for i in range(pixels.size // 3):
        red += pixels[3 * i]
        green += pixels[3 * i + 1]
        blue += pixels[3 * i + 2]
    return red, green, blue


@kernel
def _mix(rows: Uint8, kept: np.uint32, added: Uint16) -> None:
    """Replace each x of rows (H, 3 W) by (kept x + added) / 200, `added` being (3 W,)."""
    for y in range(rows.shape[0]):
        row = rows[y]
        for i in range(row.size):
            row[i] = np.uint16(kept * row[i] + added[i]) // WHOLE
