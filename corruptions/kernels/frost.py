"""Fast path of `weather.frost`; enlarged textures are kept for the next image."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..arrays import Int32, Int64, Uint8
from ..compiling import kernel
from ..severity_table import Strength
from ..weather.frost import FROST, TEXTURES, WEIGHT_BITS, cubic_taps, draw, enlarged_size, texture

MOST_KEPT = 2**26
"""Bytes of an enlarged texture, above which only the part for the image is made."""

ROUNDING = np.int32(1 << (2 * WEIGHT_BITS - 1))
DOWN = np.int32(2 * WEIGHT_BITS)
HUNDRED = np.uint16(100)
WHITE = np.uint16(255)


def frost(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), under a random part of a random texture."""
    return frosted(image, strength, *draw(image.shape, stream))


def frosted(image: Uint8, strength: Strength, number: int, top: int, left: int) -> Uint8:
    """Return min(a x + b f, 255) of an image x and the part f of a texture from (top, left)."""
    height, width, _ = image.shape
    tall, wide = enlarged_size(number, height, width)
    if 3 * tall * wide > MOST_KEPT:
        ice, top, left = part(texture(number), (tall, wide), (height, width), (top, left)), 0, 0
    else:
        ice = enlarged(number, height, width)
    kept, added = (np.uint16(round(100 * factor)) for factor in FROST.at(strength))
    result = np.array(image, order="C")
    _mix(result.reshape(height, 3 * width), ice.reshape(len(ice), -1)[top:], 3 * left, kept, added)
    return result


def reference_memory(height: int, width: int) -> int:
    """Return the bytes of the largest texture, which `imagecorruptions` enlarges as a whole."""
    sizes = (enlarged_size(number, height, width) for number in range(len(TEXTURES)))
    return max(3 * tall * wide for tall, wide in sizes)


@lru_cache(maxsize=len(TEXTURES))
def enlarged(number: int, height: int, width: int) -> Uint8:
    """Return a texture, RGB uint8, enlarged for an image of a height and width; read-only."""
    result = resize(texture(number), *enlarged_size(number, height, width))
    result.flags.writeable = False
    return result


def resize(image: Uint8, height: int, width: int) -> Uint8:
    """Return an image, RGB uint8, resized by cubic convolution."""
    return part(image, (height, width), (height, width), (0, 0))


def part(
    image: Uint8, new: tuple[int, int], size: tuple[int, int], corner: tuple[int, int]
) -> Uint8:
    """Return the part of a size (H, W) from a corner (top, left) of an image resized to `new`.

    Only the pixels that this part comes from are computed.
    """
    (height, width), (top, left) = size, corner
    rows, row_weights = cubic_taps(image.shape[0], new[0])
    rows, row_weights = rows[top : top + height], row_weights[top : top + height]
    columns, weights = cubic_taps(image.shape[1], new[1])
    columns, weights = columns[left : left + width], weights[left : left + width]
    first, last = int(rows.min()), int(rows.max()) + 1
    wide = np.empty((last - first, 3 * width), np.int32)
    lines = image[first:last].reshape(last - first, -1)  # (h, w, 3) -> (h, 3 w)
    _widen(lines, columns, weights, wide)
    result = np.empty((height, width, 3), np.uint8)
    _heighten(wide, rows - first, row_weights, result.reshape(height, -1))
    return result


@kernel
def _widen(rows: Uint8, columns: Int64, weights: Int32, wide: Int32) -> None:
    """Write the sums (H, 3 W') of four weighted pixels of rows (H, 3 W)."""
    for y in range(rows.shape[0]):
        row, result = rows[y], wide[y]
        for x in range(columns.shape[0]):
            for channel in range(3):
                total = np.int32(0)
                for k in range(4):
                    total += weights[x, k] * np.int32(row[3 * columns[x, k] + channel])
                result[3 * x + channel] = total


@kernel
def _heighten(wide: Int32, sources: Int64, weights: Int32, rows: Uint8) -> None:
    """Write rows (H', 3 W') of grey levels from four weighted rows of sums (H, 3 W') each."""
    for y in range(rows.shape[0]):
        row, (a, b, c, d) = rows[y], weights[y]
        first, second = wide[sources[y, 0]], wide[sources[y, 1]]
        third, fourth = wide[sources[y, 2]], wide[sources[y, 3]]
        for i in range(row.size):
            total = np.int32(a * first[i] + b * second[i] + c * third[i] + d * fourth[i] + ROUNDING)
            row[i] = np.uint8(min(max(int(total >> DOWN), 0), 255))


@kernel
def _mix(rows: Uint8, ice: Uint8, left: int, kept: np.uint16, added: np.uint16) -> None:
    """Add ice (H', 3 W'), from value `left` of its rows, to rows (H, 3 W); factors in hundredths.

    The sums fit into 16 bits, so they are exact.
    """
    for y in range(rows.shape[0]):
        row, above = rows[y], ice[y][left : left + rows.shape[1]]
        for i in range(row.size):
            total = np.uint16(kept * row[i] + added * above[i]) // HUNDRED
            row[i] = np.uint8(min(total, WHITE))
