"""Glass blur: pixels take the place of others close by, as seen through frosted glass.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

Between two Gaussian blurs the package goes through the pixels, from the lower right corner to
the upper left, and swaps each with one that it draws. In the program the swap is
`x[a], x[b] = x[b], x[a]`, whose sides are views of one array: pixel a is overwritten by b, and
then b by what a has become. So nothing is swapped; pixels are copied, sometimes ones that were
copied before, and others vanish. The benchmark is what the program does, and that is done here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel
from ..randomness import fill_words
from .gaussian import smooth

GLASS_BLUR = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""By severity: the deviation of the blurs, how far a copy comes, in pixels, and how many scans."""

EIGHT, SIXTEEN, HALF_OF_64 = np.uint32(8), np.uint32(16), np.uint64(32)


def glass_blur(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return an image uint8 (H, W, 3) blurred, its pixels copied about, and blurred again.

    Pixels at the edge, as many as a copy's reach, are only blurred; in a small image that is all.
    """
    deviation, reach, scans = GLASS_BLUR[severity - 1]
    blurred = smooth(image, deviation)
    _copy_about(blurred, reach, scans, stream)
    return smooth(blurred, deviation)


def _copy_about(image: NDArray[np.uint8], reach: int, scans: int, stream: int) -> None:
    """Copy the pixels of an image uint8 (H, W, 3) about, in place."""
    height, width, _ = image.shape
    pixels = np.empty(height * width, np.uint32)
    pack(image.reshape(-1), pixels)
    scatter(pixels, width, reach, scans, shifts(reach, width), np.uint64(stream))
    unpack(pixels, image.reshape(-1))


def shifts(reach: int, width: int) -> NDArray[np.int32]:
    """Return how far apart, in pixels (H W,), a pixel and the one copied to it can be.

    Each is as probable: rows and columns from -reach to reach - 1, ((2 reach)^2,), row by row.
    """
    distances = np.arange(-reach, reach, dtype=np.int32)
    return (distances[:, np.newaxis] * np.int32(width) + distances).reshape(-1)


@kernel
def pack(values: NDArray[np.uint8], pixels: NDArray[np.uint32]) -> None:
    """Write each pixel of an image's values (3 N,) as one number (N,)."""
    for i in range(pixels.size):
        green, blue = np.uint32(values[3 * i + 1]), np.uint32(values[3 * i + 2])
        pixels[i] = values[3 * i] | green << EIGHT | blue << SIXTEEN


@kernel
def unpack(pixels: NDArray[np.uint32], values: NDArray[np.uint8]) -> None:
    """Write the values (3 N,) of an image whose pixels are numbers (N,)."""
    for i in range(pixels.size):
        values[3 * i] = np.uint8(pixels[i])
        values[3 * i + 1] = np.uint8(pixels[i] >> EIGHT)
        values[3 * i + 2] = np.uint8(pixels[i] >> SIXTEEN)


@kernel
def copy_backwards(pixels: NDArray[np.uint32], last: int, distances: NDArray[np.int32]) -> None:
    """Overwrite a pixel, `last`, and those before it, each by the one at its distance (N,)."""
    for i in range(distances.size):
        pixel = last - i
        # Unsigned, since Numba asks of a signed index whether it counts from the end.
        pixels[np.uint64(pixel)] = pixels[np.uint64(pixel + distances[i])]


@kernel
def scatter(
    pixels: NDArray[np.uint32],
    width: int,
    reach: int,
    scans: int,
    shifts: NDArray[np.int32],
    stream: np.uint64,
) -> None:
    """Scan pixels (H W,) so many times, from below and from the right, each by a drawn shift.

    A row of a scan has its words of the stream to itself, a word a pixel, from the right.
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
