"""Columns of the float64 arrays that describe a scene to compiled code.

Numba compiles the members of these classes to constants. It does not see that they have changed:
after editing this file, delete `__pycache__`.
"""

from __future__ import annotations

from enum import IntEnum


class Patch(IntEnum):
    """The parallelogram origin + [0, 1] u + [0, 1] v, in metres, and its surface."""

    # Seen from the camera.
    ORIGIN_X, ORIGIN_Y, ORIGIN_Z, U_X, U_Y, U_Z, V_X, V_Y, V_Z = range(9)
    LABEL, SHAPE, SHAPE_A, SHAPE_B, MATERIAL = range(9, 14)
    # sRGB-like, 0-255, in `Canvas.patch`; `raster.prepare` makes colours linear, 0-1.
    RED, GREEN, BLUE, ACCENT_RED, ACCENT_GREEN, ACCENT_BLUE = range(14, 20)
    SEED, DETAIL_A, DETAIL_B, DETAIL_C, FORM, SHADOW = range(20, 26)
    # Written by `raster.prepare`: the unit normal, and the lengths of u and v in metres.
    NORMAL_X, NORMAL_Y, NORMAL_Z, WIDTH, HEIGHT = range(26, 31)


class Plane(IntEnum):
    """The plane of a patch: the first components of three vectors, and a number.

    For a viewing ray (dx, dy, 1), with `.` for the scalar product, the depth is
    DISTANCE / (ray . FACING), u is (ray . ALONG_U) / (ray . FACING), and v likewise.
    """

    FACING, ALONG_U, ALONG_V, DISTANCE = 0, 3, 6, 9


class Strip(IntEnum):
    """A strip of ground: a rectangle in street coordinates (metres); colours are 0-255."""

    LEFT, RIGHT, NEAR, FAR, LABEL, MATERIAL, RED, GREEN, BLUE, SEED, SIZE, SHARE = range(12)


class House(IntEnum):
    """The house at one metre of the skyline: offset of its front, and its height, in metres."""

    FRONT, ROOF = 0, 1
