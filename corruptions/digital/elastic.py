"""Elastic transform: pixels move by smooth random distances, as if the image were rubber.

After Simard et al., "Best practices for convolutional neural networks applied to visual document
analysis" (ICDAR 2003). The distances across and down are two planes of independent uniform
numbers, smoothed by a Gaussian filter in float32.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float32, Uint8, Uint32
from ..compiling import kernel
from ..randomness import draw_words
from ..severity_table import Parameter, SeverityTable, Strength
from ..smoothing import smooth

ELASTIC_TRANSFORM = SeverityTable(Parameter("factor", (12.5, 16.25, 21.25, 25.0, 30.0), 0, 1000))
"""Factor of the smooth planes."""

REACH = 0.005
"""Largest uniform number, across and down, as a fraction of the height."""

DEVIATION = 0.01
"""Deviation of the Gaussian filter, as a fraction of the side."""

TRUNCATE = 3.0
"""Deviations at which the filter ends."""

WHITE = np.float32(255)


def elastic_transform(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) with its pixels moved, near ones by similar distances.

    On a side below 17 pixels the filter has a single weight: each pixel moves independently, by
    less than a seventh of the height.
    """
    height, width, _ = image.shape
    across, down = uniform_planes(height, width, stream)
    return move(image, *(distances(plane, strength) for plane in (across, down)))


def uniform_planes(height: int, width: int, stream: int) -> tuple[Float32, Float32]:
    """Return two planes (H, W) of numbers from -1 to 1, the halves of one word per pixel."""
    words = draw_words(stream, 0, height * width + height * width % 2)
    planes = np.empty((2, height, width), np.float32)
    _halves(words, planes.reshape(2, height * width))
    return planes[0], planes[1]


def distances(plane: Float32, strength: Strength) -> Float32:
    """Return distances in pixels, (H, W), from uniform numbers between -1 and 1."""
    height, width = plane.shape
    smoothed = smooth(plane, (DEVIATION * height, DEVIATION * width), TRUNCATE, "symmetric")
    (factor,) = ELASTIC_TRANSFORM.at(strength)
    smoothed *= np.float32(REACH * height * factor)
    return smoothed


def move(image: Uint8, across: Float32, down: Float32) -> Uint8:
    """Return an image uint8 (H, W, 3) sampled at the distances (H, W) from each pixel.

    Sampling is bilinear; beyond its edges the image is mirrored.
    """
    result = np.empty(image.shape, np.uint8)
    _move(np.ascontiguousarray(image), across, down, result)
    return result


@kernel
def _halves(words: Uint32, planes: Float32) -> None:
    """Write the lower and the upper halves of N words, from -1 to 1, to planes (2, N)."""
    first, second = planes[0], planes[1]
    for i in range(first.size):
        first[i] = (np.int32(words[i] & np.uint32(0xFFFF)) - 32767.5) / 32768.0
        second[i] = (np.int32(words[i] >> np.uint32(16)) - 32767.5) / 32768.0


@kernel
def _mirrored(place: int, side: int) -> np.uint64:
    """Return the index of the pixel at a place on a line that is mirrored as .. 1 0 0 1 .."""
    if not 0 <= place < side:
        place %= 2 * side
        place = min(place, 2 * side - 1 - place)
    return np.uint64(place)  # unsigned indices need no check


@kernel
def _between(first: np.number, second: np.number, part: np.float32) -> np.float32:
    """Return two numbers interpolated at a fraction of the way."""
    start = np.float32(first)
    return start + part * (np.float32(second) - start)


@kernel
def _move(image: Uint8, across: Float32, down: Float32, result: Uint8) -> None:
    """Write the image (H, W, 3) sampled at distances across and down (H, W)."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            whole_across, whole_down = np.floor(across[y, x]), np.floor(down[y, x])
            part_across, part_down = across[y, x] - whole_across, down[y, x] - whole_down
            row, column = y + int(whole_down), x + int(whole_across)
            above, below = image[_mirrored(row, height)], image[_mirrored(row + 1, height)]
            left, right = _mirrored(column, width), _mirrored(column + 1, width)
            for channel in range(3):
                upper = _between(above[left, channel], above[right, channel], part_across)
                lower = _between(below[left, channel], below[right, channel], part_across)
                level = _between(upper, lower, part_down)
                # imagecorruptions computes from 0 to 1, where rounding lowers some levels.
                result[y, x, channel] = np.uint8(level / WHITE * WHITE)
