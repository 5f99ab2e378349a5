"""The plan of a street: its cross-section, its bend, and the places already taken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .rendering.canvas import Color
from .rendering.columns import House, Strip
from .rendering.geometry import Pose, facing
from .rendering.ground import BEHIND, SKYLINE
from .rendering.randomness import Random

FAR = 400.0


@dataclass
class Side:
    """One side of the street; offsets are metres right of the camera's line (left: negative)."""

    sign: int
    road: float
    verge: float
    pavement: float
    parking: bool

    @property
    def kerb(self) -> float:
        """Offset at which the road ends."""
        return self.sign * self.road

    @property
    def walk(self) -> float:
        """Offset of the middle of the pavement."""
        return self.sign * (self.road + self.verge + self.pavement * 0.5)

    @property
    def line(self) -> float:
        """Offset at which the building parcels begin."""
        return self.sign * (self.road + self.verge + self.pavement)


@dataclass
class Street:
    """A street along z with a bend; `lanes` are (offset, direction) with direction 1 ahead.

    `skyline`, (side, metre, len(House)), has the front and the roof of the house at each metre.
    """

    left: Side
    right: Side
    bend: float
    rails: float | None
    lanes: list[tuple[float, int]]
    crossings: list[tuple[float, float]]
    end: float
    skyline: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, SKYLINE, len(House))))
    _taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    _strips: list[tuple[float, ...]] = field(default_factory=list)

    def pose(self, s: float, z: float, way: int = 1, lean: float = 0.0) -> Pose:
        """Return the pose at street coordinates s, z, looking along the street (way -1: back)."""
        slope = 2.0 * self.bend * z + lean
        return facing(s + self.bend * z * z, z, way * slope, float(way))

    def across(self, s: float, z: float, way: int) -> Pose:
        """Return the pose at s, z that looks to the right (way -1: to the left)."""
        return facing(s + self.bend * z * z, z, float(way), -way * 2.0 * self.bend * z)

    def take(self, s: float, z: float, half_width: float, half_length: float) -> bool:
        """Reserve a place and return True if it is free; return False if it is taken."""
        s0, s1, z0, z1 = s - half_width, s + half_width, z - half_length, z + half_length
        if any(s0 < b and a < s1 and z0 < d and c < z1 for a, b, c, d in self._taken):
            return False
        self._taken.append((s0, s1, z0, z1))
        return True

    def build_up(self, side: Side, s: float, z: tuple[float, float], height: float) -> None:
        """Record a front of a height on a side, at the offset s."""
        first, last = max(int(z[0]) + BEHIND, 0), min(int(z[1]) + BEHIND, SKYLINE)
        self.skyline[(side.sign + 1) // 2, first:last] = (s, height)

    def crossing_at(self, z0: float, z1: float) -> bool:
        """Return whether a side street lies between two distances."""
        return any(z0 < far and near < z1 for near, far in self.crossings)

    def strip(
        self,
        s: tuple[float, float],
        z: tuple[float, float],
        label: int,
        material: int,
        color: Color,
        seed: int,
        detail: tuple[float, float] = (0.5, 0.0),
    ) -> None:
        """Lay a strip of ground over those laid before."""
        self._strips.append((min(s), max(s), *z, label, material, *color, seed, *detail))

    def strips(self) -> NDArray[np.float64]:
        """Return the strips for `ground`, float64 (N, len(Strip))."""
        return np.array(self._strips, dtype=np.float64).reshape(-1, len(Strip))


def plan_street(random: Random, *, tram: bool) -> Street:
    """Draw the cross-section and the lanes of a street."""
    ahead = 2 if random.chance(0.3) else 1
    back = 2 if random.chance(0.3) else 1
    lane = random.uniform(2.9, 3.6)
    parking = (random.chance(0.38), random.chance(0.32))
    rails = None
    lanes = [(lane * index, 1) for index in range(ahead)]
    inner = -lane * 0.5
    if tram:
        rails = inner - 1.7
        inner -= 3.4
    lanes += [(inner - lane * (index + 0.5), -1) for index in range(back)]
    right = lane * (ahead - 0.5) + (2.2 if parking[1] else random.uniform(0.2, 1.2))
    left = -inner + lane * back + (2.2 if parking[0] else random.uniform(0.2, 1.2))
    sides = [
        Side(
            sign,
            road,
            random.uniform(1.5, 4.0) if random.chance(0.42) else 0.0,
            random.uniform(2.4, 6.5),
            parked,
        )
        for sign, road, parked in ((-1, left, parking[0]), (1, right, parking[1]))
    ]
    bend = random.uniform(-0.0022, 0.0022) if random.chance(0.6) else 0.0
    crossings = []
    if random.chance(0.55):
        near = random.uniform(14.0, 45.0)
        crossings.append((near, near + random.uniform(7.0, 11.0)))
    return Street(sides[0], sides[1], bend, rails, lanes, crossings, random.uniform(75.0, 160.0))
