"""Which patch each sample of the picture sees: a depth buffer over the display list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernels import kernel
from .shapes import OUTSIDE, SOLID, cover

NEAR = 0.4
"""Metres in front of the camera where patches are cut."""


@kernel
def _bounds(
    p: NDArray[np.float64], lens: NDArray[np.float64], height: int, width: int
) -> tuple[int, int, int, int]:
    # p: origin, u and v in nine numbers. Returns left, right, top, bottom in samples.
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    corner = np.empty((4, 3))
    for axis in range(3):
        corner[0, axis] = p[axis]
        corner[1, axis] = p[axis] + p[3 + axis]
        corner[2, axis] = p[axis] + p[3 + axis] + p[6 + axis]
        corner[3, axis] = p[axis] + p[6 + axis]
    for index in range(4):
        after = (index + 1) % 4
        z0 = corner[index, 2]
        z1 = corner[after, 2]
        for part in range(2):
            if part == 0:
                if z0 < NEAR:
                    continue
                x, y, z = corner[index, 0], corner[index, 1], z0
            else:
                if (z0 < NEAR) == (z1 < NEAR):
                    continue
                share = (NEAR - z0) / (z1 - z0)
                x = corner[index, 0] + share * (corner[after, 0] - corner[index, 0])
                y = corner[index, 1] + share * (corner[after, 1] - corner[index, 1])
                z = NEAR
            column = lens[1] + lens[0] * x / z
            row = lens[2] - lens[0] * y / z
            left = min(left, column)
            right = max(right, column)
            top = min(top, row)
            bottom = max(bottom, row)
    if right < 0.0 or left > width or bottom < 0.0 or top > height:
        return 0, 0, 0, 0
    return (
        int(max(left, 0.0)),
        int(min(right + 1.0, width * 1.0)),
        int(max(top, 0.0)),
        int(min(bottom + 1.0, height * 1.0)),
    )


@kernel
def plane(p: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the ten numbers that give depth, u and v of the patch p for any viewing ray."""
    for axis in range(3):
        b = (axis + 1) % 3
        c = (axis + 2) % 3
        out[axis] = p[3 + b] * p[6 + c] - p[3 + c] * p[6 + b]
        out[3 + axis] = -(p[b] * p[6 + c] - p[c] * p[6 + b])
        out[6 + axis] = p[b] * p[3 + c] - p[c] * p[3 + b]
    out[9] = p[0] * out[0] + p[1] * out[1] + p[2] * out[2]


@kernel
def prepare(patches: NDArray[np.float64], planes: NDArray[np.float64]) -> None:
    """Fill in normals (towards the camera), sizes in metres and linear colours of all patches."""
    for index in range(patches.shape[0]):
        p = patches[index]
        plane(p, planes[index])
        n = planes[index]
        size = np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + 1e-12
        if n[9] > 0.0:
            size = -size
        for axis in range(3):
            p[26 + axis] = n[axis] / size
            p[14 + axis] = p[14 + axis] * p[14 + axis] / 65025.0
            p[17 + axis] = p[17 + axis] * p[17 + axis] / 65025.0
        p[29] = np.sqrt(p[3] * p[3] + p[4] * p[4] + p[5] * p[5])
        p[30] = np.sqrt(p[6] * p[6] + p[7] * p[7] + p[8] * p[8])


@kernel
def rasterise(
    patches: NDArray[np.float64],
    planes: NDArray[np.float64],
    polygons: NDArray[np.float64],
    lengths: NDArray[np.int64],
    lens: NDArray[np.float64],
    depth: NDArray[np.float64],
    owner: NDArray[np.int32],
    front: NDArray[np.float64],
    labelled: NDArray[np.int32],
) -> None:
    """Write the index of the patch that each sample shows, and of the one that labels it.

    depth and front hold the distances ahead (metres) of the seen and of the labelling surface;
    they differ in the gaps of fences, wheels and crowns.
    """
    height, width = depth.shape
    for index in range(patches.shape[0]):
        p = patches[index]
        n = planes[index]
        shape = int(p[10])
        seed = int(p[20])
        left, right, top, bottom = _bounds(p, lens, height, width)
        for row in range(top, bottom):
            dy = (lens[2] - row - 0.5) / lens[0]
            for column in range(left, right):
                dx = (column + 0.5 - lens[1]) / lens[0]
                below = dx * n[0] + dy * n[1] + n[2]
                t = n[9] / below
                if not (NEAR < t < depth[row, column]):
                    continue
                u = (dx * n[3] + dy * n[4] + n[5]) / below
                v = (dx * n[6] + dy * n[7] + n[8]) / below
                if not (0.0 <= u <= 1.0 and 0.0 <= v <= 1.0):
                    continue
                hit = cover(shape, p[11], p[12], seed, u, v, polygons, lengths)
                if hit == OUTSIDE:
                    continue
                if t < front[row, column]:
                    front[row, column] = t
                    labelled[row, column] = index
                if hit == SOLID:
                    depth[row, column] = t
                    owner[row, column] = index


@kernel
def cast_shadows(
    patches: NDArray[np.float64],
    polygons: NDArray[np.float64],
    lengths: NDArray[np.int64],
    lens: NDArray[np.float64],
    sun: NDArray[np.float64],
    camera_height: float,
    shade: NDArray[np.uint8],
) -> None:
    """Mark with 1 the samples of the ground that the patches hide from the sun (a unit vector)."""
    height, width = shade.shape
    fallen = np.empty(9)
    n = np.empty(10)
    for index in range(patches.shape[0]):
        p = patches[index]
        if p[25] == 0.0:
            continue
        for group in range(3):
            up = p[3 * group + 1] + (camera_height if group == 0 else 0.0)
            fallen[3 * group] = p[3 * group] - sun[0] * up / sun[1]
            fallen[3 * group + 1] = -camera_height if group == 0 else 0.0
            fallen[3 * group + 2] = p[3 * group + 2] - sun[2] * up / sun[1]
        plane(fallen, n)
        shape = int(p[10])
        seed = int(p[20])
        left, right, top, bottom = _bounds(fallen, lens, height, width)
        for row in range(top, bottom):
            dy = (lens[2] - row - 0.5) / lens[0]
            for column in range(left, right):
                if shade[row, column] == 1:
                    continue
                dx = (column + 0.5 - lens[1]) / lens[0]
                below = dx * n[0] + dy * n[1] + n[2]
                if not (n[9] / below > NEAR):
                    continue
                u = (dx * n[3] + dy * n[4] + n[5]) / below
                v = (dx * n[6] + dy * n[7] + n[8]) / below
                if (
                    0.0 <= u <= 1.0
                    and 0.0 <= v <= 1.0
                    and cover(shape, p[11], p[12], seed, u, v, polygons, lengths) == SOLID
                ):
                    shade[row, column] = 1


@kernel
def darken_contacts(
    contacts: NDArray[np.float64], lens: NDArray[np.float64], darkness: NDArray[np.float64]
) -> None:
    """Multiply darkness (1 in the open) by the soft shadow under each object."""
    height, width = darkness.shape
    n = np.empty(10)
    for index in range(contacts.shape[0]):
        p = contacts[index]
        plane(p, n)
        left, right, top, bottom = _bounds(p, lens, height, width)
        for row in range(top, bottom):
            dy = (lens[2] - row - 0.5) / lens[0]
            for column in range(left, right):
                dx = (column + 0.5 - lens[1]) / lens[0]
                below = dx * n[0] + dy * n[1] + n[2]
                if not (n[9] / below > NEAR):
                    continue
                x = 2.0 * (dx * n[3] + dy * n[4] + n[5]) / below - 1.0
                y = 2.0 * (dx * n[6] + dy * n[7] + n[8]) / below - 1.0
                x = x * x * x * x
                y = y * y * y * y
                if x + y < 1.0:
                    darkness[row, column] *= 1.0 - 0.75 * (1.0 - x - y)
