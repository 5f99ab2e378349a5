"""Fast path of `blur.defocus`: sums over disks that slide down the image.

To filter with a softened disk is to filter with the disk and then to soften the result:

- A disk is made of columns of pixels. The sums of columns of each height slide down the image, and
  the sum of a disk is that of its columns, all in integers.
- The softening is a sum of up to five terms across and one down, in float32, exact to 1e-4 of a
  grey level.

Disks of radius 8 and 10 touch the edges of their square, where the definition mirrors before it
softens. What the Gaussian moves outwards from the four tips of the disk is lost, and what it would
move in from the mirrored lines beside the tips is added. `tip_weights` corrects for both.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Float32, Float64, Int64, Uint8, Uint16
from ..blur.defocus import DEFOCUS_BLUR, LOST, SMALL_SQUARE
from ..compiling import kernel
from ..severity_table import Strength
from ..smoothing import gaussian_weights

ROUND_DOWN = np.float32(LOST)
ZERO, WHITE = np.float32(0), np.float32(255)


def defocus_blur(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) filtered with a softened disk, mirrored at its edges."""
    radius, deviation = DEFOCUS_BLUR.at(strength)
    heights = [math.isqrt(radius**2 - column**2) for column in range(radius + 1)]
    area = 2 * sum(2 * height + 1 for height in heights) - (2 * radius + 1)
    reach = 1 if radius <= SMALL_SQUARE else 2
    bell = gaussian_weights(deviation, reach / deviation)  # (3,), of which the last may be 0
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


def tip_weights(bell: Float64, heights: list[int]) -> tuple[float, float]:
    """Return what is added and what is lost at each tip of the disk; a pixel of the disk has 1.

    Added: the line before the tip, at the place of the tip. Lost: the tip, one pixel further out.
    The second neighbours, with weights of 3e-4, add and lose more lines. Their weights are moved to
    these two, a pixel away, which changes a result by 1e-3 grey levels.
    """
    _, first, second = bell
    length, before = 2 * heights[-2] + 1, 2 * heights[-3] + 1
    return first + second * before / length, first + second


@kernel
def _filter(
    lines: Uint8,
    heights: Int64,
    bell: Float32,
    line: np.float32,
    tip: np.float32,
    pixel: np.float32,
    result: Uint8,
) -> None:
    """Write the result (H, 3 W) from lines (H + 2 M, 3 (W + 2 M)), where M is the radius plus 2.

    `pixel` is the weight of a pixel of the disk; `line` and `tip` are `tip_weights` times that.
    """
    height, width = result.shape
    radius = heights.size - 1
    margin, half = radius + 2, heights[radius - 1]
    columns = np.zeros((radius + 1, lines.shape[1]), np.uint16)  # sums, by half the height
    disks = np.empty(width + 12, np.float32)  # with two pixels on each side, for the bell
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
def _slide(lines: Uint8, y: int, heights: Int64, is_first: bool, columns: Uint16) -> None:
    """Move the sums of columns from the line before to line y, their middle."""
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
def _sum_columns(columns: Uint16, heights: Int64, pixel: np.float32, disks: Float32) -> None:
    """Write the weighted sums of disks; the middle of the first is a radius from the left.

    The sum of a disk may exceed 16 bits, but not that of its inner or of its outer columns.
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
def _soften_across(values: Float32, bell: Float32, softened: Float32) -> None:
    """Write the row (N,) softened across from values (N + 12,)."""
    for i in range(softened.size):
        near, far = values[i + 3] + values[i + 9], values[i] + values[i + 12]
        softened[i] = values[i + 6] * bell[0] + near * bell[1] + far * bell[2]


@kernel
def _soften_down(across: Float32, y: int, bell: Float32, tips: Float32, result: Uint8) -> None:
    """Write grey levels (N,): the rows around row y softened down, plus the tips."""
    above, below = across[(y - 1) % 5], across[(y + 1) % 5]
    far_above, far_below, middle = across[(y - 2) % 5], across[(y + 2) % 5], across[y % 5]
    for i in range(result.size):
        near, far = above[i] + below[i], far_above[i] + far_below[i]
        value = middle[i] * bell[0] + near * bell[1] + far * bell[2]
        result[i] = np.uint8(min(max(value + tips[i] - ROUND_DOWN, ZERO), WHITE))


@kernel
def _add_tips(
    columns: Uint16, middle: Uint8, radius: int, line: np.float32, tip: np.float32, row: Float32
) -> None:
    """Add the left and the right tip to a row (N,): lines are sums of columns, tips are pixels."""
    left, right = columns[6:], columns[6 + 6 * radius :]
    left_tip, right_tip = middle[3:], middle[9 + 6 * radius :]
    for i in range(row.size):
        in_lines = np.float32(np.int32(left[i] + right[i]))
        row[i] += line * in_lines - tip * np.float32(np.int32(left_tip[i] + right_tip[i]))


@kernel
def _sum_tips(
    lines: Uint8, y: int, half: int, radius: int, line: np.float32, tip: np.float32, sums: Float32
) -> None:
    """Write the sums (N,) of the tips above and below line y; lines have 2 `half` + 1 pixels."""
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
