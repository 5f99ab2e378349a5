"""Traffic: cars in lanes and along the kerb, lorries, trams, cycles and riders."""

from __future__ import annotations

from .objects import cars, cycles, lorries, trams
from .rendering.canvas import Canvas
from .rendering.randomness import Random
from .street import Street


def run_tram(canvas: Canvas, random: Random, street: Street, *, lights: bool) -> None:
    """Put a tram on the rails."""
    if street.rails is None:
        return
    sections = random.integer(1, 3)
    half = 4.3 * sections
    z = random.uniform(9.0, 30.0) + half
    if street.take(street.rails, z, 1.3, half + 1.0):
        way = random.sign()
        trams.tram(
            canvas, random, street.pose(street.rails, z, way), lights=lights, sections=sections
        )


def _try_long(canvas: Canvas, random: Random, street: Street, kind: str, *, lights: bool) -> None:
    for _ in range(6):
        s, way = random.choice(street.lanes)
        if random.chance(0.3):
            side = random.choice((street.left, street.right))
            if side.parking:
                s, way = side.sign * (side.road - 1.35), side.sign
        z = random.uniform(13.0, 32.0) + (4.0 if s == 0.0 else 0.0)
        if not street.take(s, z, 1.3, 6.8):
            continue
        make = lorries.bus if kind == "bus" else lorries.truck
        make(canvas, random, street.pose(s, z, way), lights=lights)
        return


def _try_cycle(
    canvas: Canvas, random: Random, street: Street, kind: str, *, ridden: bool, lights: bool
) -> None:
    for _ in range(6):
        side = random.choice((street.left, street.right))
        z = random.uniform(4.5, 9.0) if random.chance(0.5) else random.uniform(9.0, 20.0)
        if ridden and random.chance(0.2) and street.crossings:
            near, far = street.crossings[0]
            s, z = random.uniform(-5.0, 5.0), random.uniform(near, far)
            pose = street.across(s, z, random.sign())
        elif ridden and (kind == "motorcycle" or random.chance(0.4)):
            s, way = random.choice(street.lanes)
            s += random.uniform(-0.8, 0.8)
            pose = street.pose(s, z, way, random.uniform(-0.3, 0.3))
        elif ridden:
            s = side.sign * (side.road - (2.8 if side.parking else 0.7))
            pose = street.pose(s, z, side.sign, random.uniform(-0.25, 0.25))
        else:
            s = side.sign * (side.road + random.uniform(0.5, 1.2))
            pose = street.pose(s, z, random.sign(), random.uniform(-1.2, 1.2))
            if random.chance(0.45):
                pose = street.across(s, z, random.sign())
        if not street.take(s, z, 0.5, 1.1):
            continue
        if kind == "bicycle":
            cycles.bicycle(canvas, random, pose, ridden=ridden)
        else:
            cycles.motorcycle(canvas, random, pose, ridden=ridden, lights=lights)
        return


def fill_road(canvas: Canvas, random: Random, street: Street, busy: float, *, lights: bool) -> None:
    """Put the rarer vehicles in the middle distance, then fill the lanes with cars."""
    run_tram(canvas, random, street, lights=lights)
    for kind, share in (("bus", 0.5), ("truck", 0.58)):
        if random.chance(share):
            _try_long(canvas, random, street, kind, lights=lights)
    for kind, ridden, share, count in (
        ("bicycle", True, 0.62, 3),
        ("motorcycle", True, 0.45, 2),
        ("bicycle", False, 0.5, 4),
        ("motorcycle", False, 0.42, 2),
    ):
        if random.chance(share):
            for _ in range(random.integer(1, count)):
                _try_cycle(canvas, random, street, kind, ridden=ridden, lights=lights)
    for s, way in street.lanes:
        z = random.uniform(8.0, 16.0) if s == 0.0 else random.uniform(4.0, 12.0)
        while z < 110.0:
            if random.chance(0.25 + 0.6 * busy) and street.take(s, z, 1.0, 3.4):
                aside = random.uniform(-0.3, 0.3)
                cars.car(canvas, random, street.pose(s + aside, z, way), lights=lights)
            z += random.uniform(7.0, 16.0)
    for near, far in street.crossings:
        if random.chance(0.4):
            way = random.sign()
            s = random.uniform(4.0, 12.0) * random.sign()
            z = near + (far - near) * (0.3 if way > 0 else 0.7)
            if street.take(s, z, 2.6, 1.2):
                cars.car(canvas, random, street.across(s, z, way), lights=lights)
    park(canvas, random, street)


def park(canvas: Canvas, random: Random, street: Street) -> None:
    """Park cars along the kerbs that have bays."""
    for side in (street.left, street.right):
        if not side.parking:
            continue
        s = side.sign * (side.road - 1.1)
        z = random.uniform(4.0, 9.0)
        full = random.uniform(0.4, 0.9)
        while z < 90.0:
            free = not street.crossing_at(z - 6.0, z + 6.0)
            if free and random.chance(full) and street.take(s, z, 0.95, 2.7):
                way = side.sign if random.chance(0.8) else -side.sign
                cars.car(canvas, random, street.pose(s, z, way), lights=False)
            z += random.uniform(5.4, 6.6)
