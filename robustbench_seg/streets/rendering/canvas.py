"""The display list: every object is made of flat patches standing in the street."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from . import shapes
from .columns import Patch
from .geometry import Pose, Vector, facing, minus

Color = tuple[float, float, float]

FLAT, CYLINDER, BALL, GLOW = range(4)
"""Lighting of a patch: as a plane, a round bar or a ball, or as a lamp."""


@dataclass(frozen=True)
class Paint:
    """The surface of a patch: class, material, two colours (sRGB-like, 0-255) and its form."""

    label: int
    color: Color
    material: int = 0
    accent: Color = (0.0, 0.0, 0.0)
    seed: int = 0
    detail: Vector = (0.0, 0.0, 0.0)
    form: int = FLAT
    shadow: bool = True

    def but(self, **changes: object) -> Paint:
        """Return the same paint with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


class Canvas:
    """The patches of a scene, for a camera at a height in metres."""

    def __init__(self, camera_height: float) -> None:
        self.camera_height = camera_height
        self._rows: list[tuple[float, ...]] = []
        self._contacts: list[tuple[float, ...]] = []
        self._polygons: dict[tuple[tuple[float, float], ...], int] = {}

    def patch(
        self,
        origin: Vector,
        u: Vector,
        v: Vector,
        paint: Paint,
        shape: int = shapes.RECTANGLE,
        a: float = 0.0,
        b: float = 0.0,
    ) -> None:
        """Add the parallelogram origin + [0, 1] u + [0, 1] v, cut to a shape."""
        self._rows.append(
            (
                *(*origin, *u, *v, paint.label, shape, a, b, paint.material, *paint.color),
                *(*paint.accent, paint.seed, *paint.detail, paint.form, paint.shadow),
                *(0.0, 0.0, 0.0, 0.0, 0.0),  # normal and size: `raster.prepare` writes them
            )
        )

    def quad(self, a: Vector, b: Vector, d: Vector, paint: Paint) -> None:
        """Add the parallelogram with corner a and neighbouring corners b and d."""
        self.patch(a, minus(b, a), minus(d, a), paint)

    def polygon(
        self,
        origin: Vector,
        u: Vector,
        v: Vector,
        points: tuple[tuple[float, float], ...],
        paint: Paint,
    ) -> None:
        """Add a polygon with corners in the coordinates of a parallelogram."""
        index = self._polygons.setdefault(points, len(self._polygons))
        self.patch(origin, u, v, paint, shapes.POLYGON, float(index))

    def limb(self, a: Vector, b: Vector, radius_a: float, radius_b: float, paint: Paint) -> None:
        """Add a round bar from a to b, with round ends, turned to the camera."""
        dx, dy, dz = minus(b, a)
        length = sqrt(dx * dx + dy * dy + dz * dz) + 1e-9
        ex, ey, ez = a[0], a[1] - self.camera_height, a[2]
        sx, sy, sz = dy * ez - dz * ey, dz * ex - dx * ez, dx * ey - dy * ex
        size = sqrt(sx * sx + sy * sy + sz * sz) + 1e-9
        radius = radius_a if radius_a > radius_b else radius_b
        over_a, over_b = radius_a / length, radius_b / length
        side = (sx / size * radius, sy / size * radius, sz / size * radius)
        start = (
            a[0] - dx * over_a - side[0],
            a[1] - dy * over_a - side[1],
            a[2] - dz * over_a - side[2],
        )
        stretch = 1.0 + over_a + over_b
        self.patch(
            start,
            (2.0 * side[0], 2.0 * side[1], 2.0 * side[2]),
            (dx * stretch, dy * stretch, dz * stretch),
            paint if paint.form == GLOW else paint.but(form=CYLINDER),
            shapes.CAPSULE,
            radius_b / radius_a,
            radius / (length * stretch),
        )

    def ball(
        self,
        center: Vector,
        radius: float,
        height: float,
        paint: Paint,
        shape: int = shapes.ELLIPSE,
        a: float = 0.0,
        b: float = 0.0,
    ) -> None:
        """Add an upright ellipse of two half axes, turned to the camera and lit as a ball."""
        pose = facing(center[0], center[2], center[0], center[2] + 1e-6)
        left = pose.point(-radius, center[1] - height, 0.0)
        self.patch(
            left,
            pose.vector(2.0 * radius, 0.0, 0.0),
            (0.0, 2.0 * height, 0.0),
            paint if paint.form == GLOW else paint.but(form=BALL),
            shape,
            a,
            b,
        )

    def box(
        self,
        pose: Pose,
        right: tuple[float, float],
        up: tuple[float, float],
        ahead: tuple[float, float],
        paint: Paint,
        top: Paint | None = None,
    ) -> None:
        """Add the five visible faces of a box given by its extents along the object's axes."""
        across = pose.vector(right[1] - right[0], 0.0, 0.0)
        along = pose.vector(0.0, 0.0, ahead[1] - ahead[0])
        rise = (0.0, up[1] - up[0], 0.0)
        self.patch(pose.point(right[0], up[0], ahead[0]), across, rise, paint)
        self.patch(pose.point(right[0], up[0], ahead[1]), across, rise, paint)
        self.patch(pose.point(right[0], up[0], ahead[0]), along, rise, paint)
        self.patch(pose.point(right[1], up[0], ahead[0]), along, rise, paint)
        level = up[1] if up[1] < self.camera_height else up[0]
        self.patch(pose.point(right[0], level, ahead[0]), across, along, top or paint)

    def contact(self, pose: Pose, half_width: float, half_length: float) -> None:
        """Add the soft darkness under an object that stands on the ground."""
        origin = pose.point(-half_width, 0.0, -half_length)
        self._contacts.append(
            (
                *origin,
                *pose.vector(2.0 * half_width, 0.0, 0.0),
                *pose.vector(0.0, 0.0, 2.0 * half_length),
            )
        )

    def patches(self) -> NDArray[np.float64]:
        """Return the display list, float64 (N, len(Patch)), nearest to the camera first."""
        rows = np.array(self._rows, dtype=np.float64).reshape(-1, len(Patch))
        rows[:, Patch.ORIGIN_Y] -= self.camera_height
        # Nearest first lets the depth test reject most of what is hidden.
        middle = rows[:, Patch.ORIGIN_Z] + 0.5 * (rows[:, Patch.U_Z] + rows[:, Patch.V_Z])
        return rows[np.argsort(middle, kind="stable")]

    def contacts(self) -> NDArray[np.float64]:
        """Return the soft shadows, float64 (N, 9): the first columns of a patch."""
        rows = np.array(self._contacts, dtype=np.float64).reshape(-1, Patch.V_Z + 1)
        rows[:, Patch.ORIGIN_Y] -= self.camera_height
        return rows

    def polygons(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the corner table, float64 (P, longest, 2), and the number of corners of each."""
        lengths = np.array([len(points) for points in self._polygons] or [0], dtype=np.int64)
        table = np.zeros((len(lengths), max(int(lengths.max()), 1), 2))
        for points, index in self._polygons.items():
            table[index, : len(points)] = points
        return table, lengths
