"""Fast path of `blur.glass`: pixels are copied as single integers, a row of shifts at a time."""

from __future__ import annotations

import numpy as np

from ..arrays import Int32, Uint8, Uint32
from ..blur.gaussian import smooth
from ..blur.glass import GLASS_BLUR
from ..compiling import kernel
from ..randomness import fill_words
from ..severity_table import Strength

EIGHT, SIXTEEN, HALF_OF_64 = np.uint32(8), np.uint32(16), np.uint64(32)


def glass_blur(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) blurred, with its pixels shuffled, and blurred again."""
    deviation, reach, scans = GLASS_BLUR.at(strength)
    blurred = smooth(image, deviation)
    height, width, _ = image.shape
    pixels = np.empty(height * width, np.uint32)
    pack(blurred.reshape(-1), pixels)
    shuffle(pixels, width, reach, scans, shifts(reach, width), np.uint64(stream))
    unpack(pixels, blurred.reshape(-1))
    return smooth(blurred, deviation)


def shifts(reach: int, width: int) -> Int32:
    """Return the possible distances, in pixels (H W,), from a pixel to the one copied to it.

    Rows and columns from -reach to reach - 1, row by row, ((2 reach)^2,); all are equally likely.
    """
    distances = np.arange(-reach, reach, dtype=np.int32)
    return (distances[:, np.newaxis] * np.int32(width) + distances).reshape(-1)


@kernel
def pack(values: Uint8, pixels: Uint32) -> None:
    """Write each pixel of an image's values (3 N,) as one integer (N,)."""
    for i in range(pixels.size):
        green, blue = np.uint32(values[3 * i + 1]), np.uint32(values[3 * i + 2])
        pixels[i] = values[3 * i] | green << EIGHT | blue << SIXTEEN


@kernel
def unpack(pixels: Uint32, values: Uint8) -> None:
    """Write the values (3 N,) of an image from packed pixels (N,)."""
    for i in range(pixels.size):
        values[3 * i] = np.uint8(pixels[i])
        values[3 * i + 1] = np.uint8(pixels[i] >> EIGHT)
        values[3 * i + 2] = np.uint8(pixels[i] >> SIXTEEN)


@kernel
def copy_backwards(pixels: Uint32, last: int, distances: Int32) -> None:
    """Overwrite pixels `last`, `last` - 1 .. by those at the distances (N,) from them."""
    for i in range(distances.size):
        pixel = last - i
        # Unsigned, since Numba checks signed indices for counting from the end.
        pixels[np.uint64(pixel)] = pixels[np.uint64(pixel + distances[i])]


@kernel
def shuffle(
    pixels: Uint32, width: int, reach: int, scans: int, shifts: Int32, stream: np.uint64
) -> None:
    """Run `scans` passes of local copying over pixels (H W,), bottom right to top left.

    Each row of a pass has its own words of the stream, one for each pixel, from the right.
    """
    height, count = pixels.size // width, max(width - 2 * reach, 0)
    words = np.empty((count + 1) // 2 * 2, np.uint32)
    distances = np.empty(count, np.int32)
    for scan in range(scans):
        for y in range(height - reach, reach, -1):
            fill_words(stream, (scan * height + y) * words.size, words)
            for i in range(count):
                chosen = np.uint64(words[i]) * np.uint64(shifts.size) >> HALF_OF_64
                distances[i] = shifts[chosen]
            copy_backwards(pixels, y * width + width - reach, distances)
