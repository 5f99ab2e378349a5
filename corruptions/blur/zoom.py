"""Zoom blur: the mean of the image at several magnifications, as if the camera moved ahead.

Magnification is bilinear: first along the columns and then along the rows. One row of the result
at a time goes through all magnifications in the L1 cache. The sums are those of
`imagecorruptions`, in float32 and in its order, so flat areas have the same levels. Elsewhere its
interpolation in float64 may give another grey level, by one.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Float32, Uint8, Uint32
from ..compiling import kernel
from ..severity_table import Parameter, SeverityTable, Strength

ZOOM_BLUR = SeverityTable(
    Parameter("largest", (1.11, 1.15, 1.2, 1.24, 1.3), 1, 10),
    Parameter("count", (12, 16, 11, 13, 11), 2, 100, whole=True),
)
"""Largest magnification, and the number of equally spaced ones; the first is 1."""

WHITE = np.float32(255)


def zoom_blur(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return the mean of the image, RGB uint8 (H, W, 3), and its magnifications.

    On a small image the centre to be magnified may be the whole image, which then stays unchanged.
    """
    height, width, _ = image.shape
    factors = magnifications(strength)
    rows, row_parts = map(np.array, zip(*(magnified(height, f) for f in factors), strict=True))
    columns, column_parts = map(np.array, zip(*(magnified(width, f) for f in factors), strict=True))
    light = np.zeros((height + 2, width + 2, 3), np.float32)  # black beyond the last row and column
    np.divide(image, WHITE, out=light[:height, :width], dtype=np.float32)
    result = np.empty((height, 3 * width), np.uint8)
    _mean_of_magnified(
        light.reshape(height + 2, -1), rows, row_parts, columns, column_parts, result
    )
    return result.reshape(image.shape)


def magnifications(strength: Strength) -> list[float]:
    """Return the factors of a strength, to their last bits as `imagecorruptions` computes them."""
    largest, count = ZOOM_BLUR.at(strength)
    second = round(1.0 + (largest - 1.0) / (count - 1), 12)  # 1.01, as published
    return [1.0 + step * (second - 1.0) for step in range(count)]


def magnified(side: int, factor: float) -> tuple[Uint32, Float32]:
    """Return the pixel before each pixel of a magnified side, and the fraction of the way past it.

    As in SciPy's zoom, the centre is enlarged from its first pixel to its last, and cropped to the
    side. Where rounding puts a pixel beyond the last one, SciPy makes it black: the index is then
    `side`. Both arrays are (side,).
    """
    kept = math.ceil(side / factor)
    grown = round(kept * factor)
    first = (side - kept) // 2
    place = np.arange(side) * ((kept - 1) / max(grown - 1, 1))
    before = np.where(place > kept - 1, side - first, np.floor(place))
    return (first + before).astype(np.uint32), (place - np.floor(place)).astype(np.float32)


@kernel
def _mean_of_magnified(
    light: Float32,
    rows: Uint32,
    row_parts: Float32,
    columns: Uint32,
    column_parts: Float32,
    result: Uint8,
) -> None:
    """Write the mean (H, 3 W) of an image and its M magnifications, in grey levels.

    The image has values from 0 to 1 and two further rows and columns, all black. `rows` (M, H) and
    `columns` (M, W), with their fractions, come from `magnified`.
    """
    height, size = result.shape
    count, width = columns.shape
    mixed, total = np.empty(size + 6, np.float32), np.empty(size, np.float32)
    whole = np.float32(count + 1)
    for y in range(height):
        total[:] = 0
        for each in range(count):
            above, part = light[rows[each, y]], row_parts[each, y]
            below = light[rows[each, y] + 1]
            for i in range(mixed.size):
                mixed[i] = above[i] + part * (below[i] - above[i])
            column, parts = columns[each], column_parts[each]
            for x in range(width):
                left, part = 3 * column[x], parts[x]
                for channel in range(3):
                    value = mixed[left + channel]
                    step = mixed[left + channel + 3] - value
                    total[3 * x + channel] += value + part * step
        row, of_result = light[y], result[y]
        for i in range(size):
            mean = (row[i] + total[i]) / whole
            of_result[i] = np.uint8(min(mean, np.float32(1)) * WHITE)
