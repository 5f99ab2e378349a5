"""Defocus blur: each pixel as the mean over a disk, as of a lens that focuses elsewhere.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

The package draws a disk of radius R, 0 or 1 a pixel, into a square, softens it by a small Gaussian
bell against steps at its edge, and filters the image with that. To filter with a softened disk is
to filter with the disk and then to soften, so here

- a disk is columns of pixels: sums of each height that occurs slide down the image, and a disk's
  sum is that of its columns, all in integers;
- its softening is two sums of five terms, one across and one down.

In the two largest disks' squares there is no room for more than the disk. OpenCV softens them as
if the inside were mirrored at the edge: what the bell puts beyond the four tips of the disk is
lost, and the mirror image of the lines next to the tips adds to the tips. So those weights have a
sum of 1.01, and images become a little brighter. That is added apart: see `tip_weights`.

Sums after the disk's are in float32, within 1e-4 of a grey level, and cut off to grey levels. In
float32 the package's weights add up to a little less than 1, so that a flat area loses a level. So
it does here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..arithmetic import exponential
from ..kernels.compiling import kernel

DEFOCUS_BLUR = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""By severity, in pixels: the radius of the disk, and the deviation of the bell."""

SMALL_SQUARE = 8
"""Half the side of the square that holds the smaller disks."""

LOST = np.float32(2e-4)
"""In grey levels: more than float32 is wrong by, and seldom enough to change a pixel."""

ZERO, WHITE = np.float32(0), np.float32(255)


def defocus_blur(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return an image uint8 (H, W, 3) filtered with a disk, mirrored at its edges.

    A side shorter than the disk is mirrored again and again.
    """
    radius, deviation = DEFOCUS_BLUR[severity - 1]
    heights = [math.isqrt(radius**2 - column**2) for column in range(radius + 1)]
    area = 2 * sum(2 * height + 1 for height in heights) - (2 * radius + 1)
    bell = half_bell(deviation, 1 if radius <= SMALL_SQUARE else 2)
    line, tip = tip_weights(bell, heights) if radius >= SMALL_SQUARE else (0.0, 0.0)
    margin = radius + 2
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    result = np.empty(image.shape, np.uint8)
    _filter(
        padded.reshape(len(padded), -1),  # (H + 2 M, 3 (W + 2 M))
        np.array(heights),
        bell.astype(np.float32),
        np.float32(line / area),
        np.float32(tip / area),
        np.float32(1.0 / area),
        result.reshape(len(result), -1),  # (H, 3 W)
    )
    return result


def half_bell(deviation: float, reach: int) -> NDArray[np.float64]:
    """Return the weights (3,) of a pixel and of its first and second neighbours to a side."""
    heights = exponential(-x * x / (2.0 * deviation * deviation) for x in range(3))
    heights[reach + 1 :] = 0.0
    return heights / math.fsum([*heights[1:], *heights])


def tip_weights(bell: NDArray[np.float64], heights: list[int]) -> tuple[float, float]:
    """Return what each tip of the disk gets more and less; a pixel's weight in the disk is 1.

    More: the line before the tip, at the place of the tip. Less: the tip, one pixel further out.
    The bell's second neighbours, 3e-4 high, add and lose more lines; their weights are put to
    these two, a pixel from where they belong, which changes a result by 1e-3 grey levels.
    """
    _, first, second = bell
    length, before = 2 * heights[-2] + 1, 2 * heights[-3] + 1
    return first + second * before / length, first + second


@kernel
def _filter(
    lines: NDArray[np.uint8],
    heights: NDArray[np.int64],
    bell: NDArray[np.float32],
    line: np.float32,
    tip: np.float32,
    pixel: np.float32,
    result: NDArray[np.uint8],
) -> None:
    """Filter lines (H + 2 M, 3 (W + 2 M)) to a result (H, 3 W); M is the radius and 2.

    `pixel` is a pixel's weight in the disk, `line` and `tip` are `tip_weights` times that.
    """
    height, width = result.shape
    radius = heights.size - 1
    margin, half = radius + 2, heights[radius - 1]
    columns = np.zeros((radius + 1, lines.shape[1]), np.uint16)  # sums, by half their height
    disks = np.empty(width + 12, np.float32)  # with two pixels at each side, for the bell
    across = np.empty((5, width), np.float32)  # the latest rows of disks, softened across
    tips, tips_across = np.empty(width + 12, np.float32), np.zeros(width, np.float32)
    for y in range(-2, height + 2):
        _slide(lines, y + margin, heights, y == -2, columns)
        _sum_columns(columns, heights, pixel, disks)
        _soften_across(disks, bell, across[y % 5])
        if line > 0.0:
            _add_tips(columns[half], lines[y + margin], radius, line, tip, across[y % 5])
        if y < 2:
            continue
        if line > 0.0:
            _sum_tips(lines, y - 2 + margin, half, radius, line, tip, tips)
            _soften_across(tips, bell, tips_across)
        _soften_down(across, y - 2, bell, tips_across, result[y - 2])


@kernel
def _slide(
    lines: NDArray[np.uint8],
    y: int,
    heights: NDArray[np.int64],
    is_first: bool,
    columns: NDArray[np.uint16],
) -> None:
    """Move the sums of columns from around the line before to around line y."""
    for k in range(heights.size):
        if k > 0 and heights[k] == heights[k - 1]:
            continue
        sums, half = columns[heights[k]], heights[k]
        if is_first:
            for part in lines[y - half : y + half + 1]:
                for i in range(sums.size):
                    sums[i] += part[i]
        else:
            entering, leaving = lines[y + half], lines[y - half - 1]
            for i in range(sums.size):
                sums[i] += entering[i] - leaving[i]


@kernel
def _sum_columns(
    columns: NDArray[np.uint16],
    heights: NDArray[np.int64],
    pixel: np.float32,
    disks: NDArray[np.float32],
) -> None:
    """Write the sums of disks, each pixel with a weight; the first has its middle at its radius.

    A disk can be more than 16 bits hold, but neither its columns near the middle nor the others.
    """
    radius = heights.size - 1
    inner, outer = np.empty(disks.size, np.uint16), np.zeros(disks.size, np.uint16)
    middle = columns[heights[0], 3 * radius :]
    for i in range(disks.size):
        inner[i] = middle[i]
    for k in range(1, heights.size):
        sums = inner if 2 * k < radius else outer
        left = columns[heights[k], 3 * (radius - k) :]
        right = columns[heights[k], 3 * (radius + k) :]
        for i in range(sums.size):
            sums[i] += left[i] + right[i]
    for i in range(disks.size):
        disks[i] = pixel * np.float32(np.int32(inner[i]) + np.int32(outer[i]))


@kernel
def _soften_across(
    values: NDArray[np.float32], bell: NDArray[np.float32], softened: NDArray[np.float32]
) -> None:
    """Write a bell's sums (N,) along a row of values (N + 12,)."""
    for i in range(softened.size):
        near, far = values[i + 3] + values[i + 9], values[i] + values[i + 12]
        softened[i] = values[i + 6] * bell[0] + near * bell[1] + far * bell[2]


@kernel
def _soften_down(
    across: NDArray[np.float32],
    y: int,
    bell: NDArray[np.float32],
    tips: NDArray[np.float32],
    result: NDArray[np.uint8],
) -> None:
    """Write the bell's sums down the rows around row y, and the tips', as grey levels (N,)."""
    above, below = across[(y - 1) % 5], across[(y + 1) % 5]
    far_above, far_below, middle = across[(y - 2) % 5], across[(y + 2) % 5], across[y % 5]
    for i in range(result.size):
        near, far = above[i] + below[i], far_above[i] + far_below[i]
        value = middle[i] * bell[0] + near * bell[1] + far * bell[2]
        result[i] = np.uint8(min(max(value + tips[i] - LOST, ZERO), WHITE))


@kernel
def _add_tips(
    columns: NDArray[np.uint16],
    middle: NDArray[np.uint8],
    radius: int,
    line: np.float32,
    tip: np.float32,
    row: NDArray[np.float32],
) -> None:
    """Add the left and the right tip to a row (N,): lines as sums of columns, tips as pixels."""
    left, right = columns[6:], columns[6 + 6 * radius :]
    left_tip, right_tip = middle[3:], middle[9 + 6 * radius :]
    for i in range(row.size):
        in_lines = np.float32(np.int32(left[i] + right[i]))
        row[i] += line * in_lines - tip * np.float32(np.int32(left_tip[i] + right_tip[i]))


@kernel
def _sum_tips(
    lines: NDArray[np.uint8],
    y: int,
    half: int,
    radius: int,
    line: np.float32,
    tip: np.float32,
    sums: NDArray[np.float32],
) -> None:
    """Write the sums (N,) of the tips above and below line y, lines 2 `half` + 1 in length."""
    pairs, in_lines = np.empty(sums.size + 6 * half, np.uint16), np.zeros(sums.size, np.uint16)
    start = 3 * (radius - half)
    above, below = lines[y - radius, start:], lines[y + radius, start:]
    for i in range(pairs.size):
        pairs[i] = above[i] + below[i]
    for k in range(2 * half + 1):
        shifted = pairs[3 * k :]
        for i in range(in_lines.size):
            in_lines[i] += shifted[i]
    above, below = lines[y - radius - 1, 3 * radius :], lines[y + radius + 1, 3 * radius :]
    for i in range(sums.size):
        in_tips = np.float32(np.int32(above[i] + below[i]))
        sums[i] = line * np.float32(np.int32(in_lines[i])) - tip * in_tips
