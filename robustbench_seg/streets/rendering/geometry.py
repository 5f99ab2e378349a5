"""Points and poses in the street.

World axes: x to the right, y up, z ahead, in metres; the camera stands at x = z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Pose:
    """Position and direction of an object; its axes are right, up, ahead."""

    x: float
    z: float
    ahead_x: float = 0.0
    ahead_z: float = 1.0
    y: float = 0.0

    def point(self, right: float, up: float, ahead: float) -> Vector:
        """Return the world position of a point of the object."""
        return (
            self.x + right * self.ahead_z + ahead * self.ahead_x,
            self.y + up,
            self.z - right * self.ahead_x + ahead * self.ahead_z,
        )

    def vector(self, right: float, up: float, ahead: float) -> Vector:
        """Return the world direction of a direction of the object."""
        return (
            right * self.ahead_z + ahead * self.ahead_x,
            up,
            -right * self.ahead_x + ahead * self.ahead_z,
        )

    def moved(self, ahead: float) -> Pose:
        """Return the pose some metres further ahead."""
        x, y, z = self.point(0.0, 0.0, ahead)
        return Pose(x, z, self.ahead_x, self.ahead_z, y)


def facing(x: float, z: float, dx: float, dz: float) -> Pose:
    """Return the pose at (x, z) that looks along (dx, dz), of any length but zero."""
    length = sqrt(dx * dx + dz * dz)
    return Pose(x, z, dx / length, dz / length)


def minus(a: Vector, b: Vector) -> Vector:
    """Return a - b."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])
