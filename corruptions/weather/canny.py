"""Canny edge detection, as in OpenCV: in integers, with 3 x 3 Sobel gradients.

Canny, "A computational approach to edge detection" (1986). It is written out here to do without
OpenCV, whose edges it finds to the pixel.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Int32, Uint8
from ..compiling import kernel

LOW, HIGH = np.int32(50), np.int32(150)
"""Gradients above LOW may belong to an edge; those above HIGH do."""

NONE, WEAK, STRONG = np.uint8(0), np.uint8(1), np.uint8(2)

TANGENT_BITS = np.int32(15)
TANGENT_22 = np.int32(13573)  # tan(22.5 degrees) in units of 2**-15
TWO = np.int32(2 << 15)  # tan(67.5 degrees) is greater by this


def edges(grey: Uint8) -> Uint8:
    """Return the edges of a plane uint8 (H, W) as STRONG in an array (H + 2, W + 2).

    Other pixels, such as the border of one pixel around the plane, are NONE or WEAK. For gradients
    the plane's outermost pixels are repeated.
    """
    marks = np.zeros((grey.shape[0] + 2, grey.shape[1] + 2), np.uint8)
    _mark(np.pad(grey, 1, mode="edge"), marks)
    _follow(marks)
    return marks


@kernel
def _mark(grey: Uint8, marks: Uint8) -> None:
    """Mark weak and strong pixels (H + 2, W + 2) from the latest three rows of gradients."""
    height, width = grey.shape[0] - 2, grey.shape[1] - 2
    across = np.zeros((3, width + 2), np.int32)
    down = np.zeros((3, width + 2), np.int32)
    size = np.zeros((3, width + 2), np.int32)
    for y in range(1, height + 2):
        now = y % 3
        if y <= height:
            _gradients(grey[y - 1], grey[y], grey[y + 1], across[now], down[now], size[now])
        else:
            size[now] = 0
        if y > 1:
            old, older = (y - 1) % 3, (y - 2) % 3
            sizes = size[older], size[old], size[now]
            _thin(sizes, across[old], down[old], marks[y - 1])


@kernel
def _gradients(
    above: Uint8, row: Uint8, below: Uint8, across: Int32, down: Int32, size: Int32
) -> None:
    """Write the Sobel gradients of a row, and the sums of their absolute values."""
    for x in range(1, row.size - 1):
        left = np.int32(above[x - 1]) + 2 * np.int32(row[x - 1]) + np.int32(below[x - 1])
        right = np.int32(above[x + 1]) + 2 * np.int32(row[x + 1]) + np.int32(below[x + 1])
        top = np.int32(above[x - 1]) + 2 * np.int32(above[x]) + np.int32(above[x + 1])
        bottom = np.int32(below[x - 1]) + 2 * np.int32(below[x]) + np.int32(below[x + 1])
        rightwards, downwards = np.int32(right - left), np.int32(bottom - top)
        across[x] = rightwards
        down[x] = downwards
        size[x] = np.int32(abs(rightwards)) + np.int32(abs(downwards))


@kernel
def _thin(sizes: tuple[Int32, Int32, Int32], across: Int32, down: Int32, marks: Uint8) -> None:
    """Mark the pixels of the middle row that are maxima along their gradient.

    Its direction is rounded to 45 degrees.
    """
    above, here, below = sizes
    for x in range(1, here.size - 1):
        size, rightwards, downwards = here[x], across[x], down[x]
        # All neighbours are loaded, needed or not: LLVM then vectorises the loop.
        upper_left, upper, upper_right = above[x - 1], above[x], above[x + 1]
        left, right = here[x - 1], here[x + 1]
        lower_left, lower, lower_right = below[x - 1], below[x], below[x + 1]
        wide = np.int32(np.int32(abs(rightwards)) * TANGENT_22)
        steep = np.int32(wide + np.int32(abs(rightwards)) * TWO)
        tall = np.int32(np.int32(abs(downwards)) << TANGENT_BITS)
        rising = np.int32(rightwards ^ downwards) < np.int32(0)
        first = upper_right if rising else upper_left
        second = lower_left if rising else lower_right
        second = np.int32(second + 1)  # of two equal gradients, none or one is an edge
        first = upper if tall > steep else first
        second = lower if tall > steep else second
        first = left if tall < wide else first
        second = right if tall < wide else second
        mark = STRONG if size > HIGH else WEAK
        mark = mark if size > first else NONE
        mark = mark if size >= second else NONE
        marks[x] = mark if size > LOW else NONE


@kernel
def _follow(marks: Uint8) -> None:
    """Mark weak pixels as strong that are connected to a strong one."""
    width = marks.shape[1]
    flat = marks.reshape(-1)
    stack = np.empty(flat.size, np.int32)
    for start in range(flat.size):
        if flat[start] != STRONG:
            continue
        stack[0] = start
        count = 1
        while count > 0:
            count -= 1
            place = stack[count]
            for row in (-width, 0, width):
                for neighbour in range(place + row - 1, place + row + 2):
                    if flat[neighbour] == WEAK:
                        flat[neighbour] = STRONG
                        stack[count] = neighbour
                        count += 1
