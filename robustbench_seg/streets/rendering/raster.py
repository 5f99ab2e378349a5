"""Visibility: the patch that each sample of the image shows, by a depth buffer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .camera import Lens
from .columns import Patch, Plane
from .shapes import OUTSIDE, SOLID, cover

NEAR = 0.4
"""Metres in front of the camera where patches are cut."""


@kernel
def _bounds(
    patch: NDArray[np.float64], lens: Lens, height: int, width: int
) -> tuple[int, int, int, int]:
    # patch: at least its origin, u and v. Returns left, right, top, bottom in samples.
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    corner = np.empty((4, 3))
    for axis in range(3):
        origin = patch[Patch.ORIGIN_X + axis]
        u, v = patch[Patch.U_X + axis], patch[Patch.V_X + axis]
        corner[0, axis] = origin
        corner[1, axis] = origin + u
        corner[2, axis] = origin + u + v
        corner[3, axis] = origin + v
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
            column = lens.column + lens.focal * x / z
            row = lens.row - lens.focal * y / z
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
def _cross(patch: NDArray[np.float64], first: int, second: int, axis: int) -> float:
    # A component of the cross product of two vectors of a patch.
    b, c = (axis + 1) % 3, (axis + 2) % 3
    return float(patch[first + b] * patch[second + c] - patch[first + c] * patch[second + b])


@kernel
def plane_of(patch: NDArray[np.float64], plane: NDArray[np.float64]) -> None:
    """Write the numbers that give depth, u and v of a patch for any viewing ray, float64 (10,)."""
    for axis in range(3):
        plane[Plane.FACING + axis] = _cross(patch, Patch.U_X, Patch.V_X, axis)
        plane[Plane.ALONG_U + axis] = -_cross(patch, Patch.ORIGIN_X, Patch.V_X, axis)
        plane[Plane.ALONG_V + axis] = _cross(patch, Patch.ORIGIN_X, Patch.U_X, axis)
    plane[Plane.DISTANCE] = (
        patch[Patch.ORIGIN_X] * plane[Plane.FACING]
        + patch[Patch.ORIGIN_Y] * plane[Plane.FACING + 1]
        + patch[Patch.ORIGIN_Z] * plane[Plane.FACING + 2]
    )


@kernel
def _dot(plane: NDArray[np.float64], vector: int, dx: float, dy: float) -> float:
    return float(dx * plane[vector] + dy * plane[vector + 1] + plane[vector + 2])


@kernel
def meet(plane: NDArray[np.float64], dx: float, dy: float) -> tuple[float, float, float]:
    """Return the depth (metres), u and v at which the ray (dx, dy, 1) meets a plane."""
    below = _dot(plane, Plane.FACING, dx, dy)
    return (
        plane[Plane.DISTANCE] / below,
        _dot(plane, Plane.ALONG_U, dx, dy) / below,
        _dot(plane, Plane.ALONG_V, dx, dy) / below,
    )


@kernel
def prepare(patches: NDArray[np.float64], planes: NDArray[np.float64]) -> None:
    """Fill in normals (towards the camera), sizes in metres and linear colours of all patches."""
    for index in range(patches.shape[0]):
        patch = patches[index]
        plane = planes[index]
        plane_of(patch, plane)
        x, y, z = plane[Plane.FACING], plane[Plane.FACING + 1], plane[Plane.FACING + 2]
        size = np.sqrt(x * x + y * y + z * z) + 1e-12
        if plane[Plane.DISTANCE] > 0.0:
            size = -size
        for axis in range(3):
            patch[Patch.NORMAL_X + axis] = plane[Plane.FACING + axis] / size
        for channel in range(Patch.RED, Patch.ACCENT_BLUE + 1):
            patch[channel] = patch[channel] * patch[channel] / 65025.0
        x, y, z = patch[Patch.U_X], patch[Patch.U_Y], patch[Patch.U_Z]
        patch[Patch.WIDTH] = np.sqrt(x * x + y * y + z * z)
        x, y, z = patch[Patch.V_X], patch[Patch.V_Y], patch[Patch.V_Z]
        patch[Patch.HEIGHT] = np.sqrt(x * x + y * y + z * z)


@kernel
def rasterise(
    patches: NDArray[np.float64],
    planes: NDArray[np.float64],
    polygons: NDArray[np.float64],
    lengths: NDArray[np.int64],
    lens: Lens,
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
        patch = patches[index]
        plane = planes[index]
        shape = int(patch[Patch.SHAPE])
        a, b, seed = patch[Patch.SHAPE_A], patch[Patch.SHAPE_B], int(patch[Patch.SEED])
        left, right, top, bottom = _bounds(patch, lens, height, width)
        for row in range(top, bottom):
            dy = (lens.row - row - 0.5) / lens.focal
            for column in range(left, right):
                dx = (column + 0.5 - lens.column) / lens.focal
                t, u, v = meet(plane, dx, dy)
                if not (NEAR < t < depth[row, column] and 0.0 <= u <= 1.0 and 0.0 <= v <= 1.0):
                    continue
                hit = cover(shape, a, b, seed, u, v, polygons, lengths)
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
    lens: Lens,
    sun: NDArray[np.float64],
    camera_height: float,
    shade: NDArray[np.uint8],
) -> None:
    """Mark with 1 the samples of the ground that the patches hide from the sun (a unit vector)."""
    height, width = shade.shape
    fallen = np.empty(Patch.V_Z + 1)
    plane = np.empty(Plane.DISTANCE + 1)
    for index in range(patches.shape[0]):
        patch = patches[index]
        if patch[Patch.SHADOW] == 0.0:
            continue
        for start in (Patch.ORIGIN_X, Patch.U_X, Patch.V_X):
            up = patch[start + 1] + (camera_height if start == Patch.ORIGIN_X else 0.0)
            fallen[start] = patch[start] - sun[0] * up / sun[1]
            fallen[start + 1] = -camera_height if start == Patch.ORIGIN_X else 0.0
            fallen[start + 2] = patch[start + 2] - sun[2] * up / sun[1]
        plane_of(fallen, plane)
        shape = int(patch[Patch.SHAPE])
        a, b, seed = patch[Patch.SHAPE_A], patch[Patch.SHAPE_B], int(patch[Patch.SEED])
        left, right, top, bottom = _bounds(fallen, lens, height, width)
        for row in range(top, bottom):
            dy = (lens.row - row - 0.5) / lens.focal
            for column in range(left, right):
                if shade[row, column] == 1:
                    continue
                dx = (column + 0.5 - lens.column) / lens.focal
                t, u, v = meet(plane, dx, dy)
                if (
                    t > NEAR
                    and 0.0 <= u <= 1.0
                    and 0.0 <= v <= 1.0
                    and cover(shape, a, b, seed, u, v, polygons, lengths) == SOLID
                ):
                    shade[row, column] = 1


@kernel
def darken_contacts(
    contacts: NDArray[np.float64], lens: Lens, darkness: NDArray[np.float64]
) -> None:
    """Multiply darkness (1 in the open) by the soft shadow under each object."""
    height, width = darkness.shape
    plane = np.empty(Plane.DISTANCE + 1)
    for index in range(contacts.shape[0]):
        contact = contacts[index]
        plane_of(contact, plane)
        left, right, top, bottom = _bounds(contact, lens, height, width)
        for row in range(top, bottom):
            dy = (lens.row - row - 0.5) / lens.focal
            for column in range(left, right):
                dx = (column + 0.5 - lens.column) / lens.focal
                t, u, v = meet(plane, dx, dy)
                if not t > NEAR:
                    continue
                x, y = 2.0 * u - 1.0, 2.0 * v - 1.0
                x = x * x * x * x
                y = y * y * y * y
                if x + y < 1.0:
                    darkness[row, column] *= 1.0 - 0.75 * (1.0 - x - y)
