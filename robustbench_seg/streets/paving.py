"""The ground of a street: pavements, kerbs, verges, the road and its markings."""

from __future__ import annotations

from itertools import pairwise

from .objects import labels, palettes
from .rendering import ground
from .rendering.canvas import Color
from .rendering.randomness import Random
from .street import FAR, Street


def pave(street: Street, random: Random) -> None:
    """Lay the ground: pavements, kerbs, verges, the road and its markings."""
    seed = random.seed()
    walk, road = palettes.pavement(random), palettes.pavement(random)
    stone = palettes.gray(random, 110.0, 200.0)
    walk_kind = random.choice((ground.SLABS, ground.SLABS, ground.ASPHALT, ground.COBBLES))
    road_kind = ground.COBBLES if random.chance(0.12) else ground.ASPHALT
    size = random.uniform(0.3, 0.9) if walk_kind == ground.SLABS else 0.14
    everywhere = (0.0, FAR)
    street.strip((-200.0, 200.0), everywhere, labels.SIDEWALK, walk_kind, walk, seed, (size, 0.0))
    grass = palettes.near(random, (96.0, 112.0, 58.0), 24.0)
    for side in (street.left, street.right):
        if side.verge > 0.0:
            kind, tone = ground.GRASS, grass
            if not random.chance(0.8):
                kind, tone = ground.SOIL, palettes.near(random, (130.0, 104.0, 78.0), 24.0)
            verge = (side.kerb, side.sign * (side.road + side.verge))
            street.strip(verge, everywhere, labels.TERRAIN, kind, tone, seed + 1)
        kerb = (side.kerb, side.sign * (side.road + 0.22))
        street.strip(kerb, everywhere, labels.SIDEWALK, ground.STONE, stone, seed + 2)
    limits = (street.left.kerb, street.right.kerb)
    asphalt = (labels.ROAD, road_kind, road, seed + 3, (0.2, 0.0))
    street.strip(limits, everywhere, *asphalt)
    for near, far in street.crossings:
        for edge in ((near - 0.2, near), (far, far + 0.2)):
            street.strip((-200.0, 200.0), edge, labels.SIDEWALK, ground.STONE, stone, seed + 2)
        street.strip((-200.0, 200.0), (near, far), *asphalt)
        street.strip(limits, (near - 0.2, far + 0.2), *asphalt)
    _repair(street, random, limits, road)
    _paint(street, random, limits)


def _repair(street: Street, random: Random, limits: tuple[float, float], road: Color) -> None:
    for _ in range(random.integer(0, 7)):
        s, z = random.uniform(limits[0], limits[1] - 1.0), random.uniform(3.0, 40.0)
        s = max(s, limits[0])
        size = (min(random.uniform(0.5, 2.5), limits[1] - s), random.uniform(0.6, 9.0))
        area = ((s, s + size[0]), (z, z + size[1]))
        tone = _shifted(random, road)
        street.strip(*area, labels.ROAD, ground.ASPHALT, tone, random.seed())
    for _ in range(random.integer(0, 3)):  # manhole covers
        s, z = random.uniform(limits[0] + 0.5, limits[1] - 1.2), random.uniform(4.0, 25.0)
        area, tone = ((s, s + 0.6), (z, z + 0.7)), palettes.gray(random, 60.0, 110.0)
        street.strip(*area, labels.ROAD, ground.COBBLES, tone, random.seed(), (0.12, 0.0))


def _shifted(random: Random, color: Color) -> Color:
    # Mended asphalt is darker or lighter than the old, hardly of another hue.
    share = random.uniform(0.72, 1.22)
    return palettes.near(random, (color[0] * share, color[1] * share, color[2] * share), 6.0)


def _paint(street: Street, random: Random, limits: tuple[float, float]) -> None:
    white = palettes.gray(random, 170.0, 235.0)
    seed = random.seed()

    def line(s: float, z: tuple[float, float], wide: float, dash: float, share: float) -> None:
        kind = ground.DASHES if dash > 0.0 else ground.MARKING
        street.strip(
            (s - wide / 2.0, s + wide / 2.0), z, labels.ROAD, kind, white, seed, (dash, share)
        )

    stretches = []
    start = 0.0
    for near, far in street.crossings:
        stretches.append((start, near - 4.6))
        start = far + 4.6
    stretches.append((start, FAR))
    offsets = sorted(offset for offset, _ in street.lanes)
    if street.rails is not None:
        for edge in (-0.78, -0.70, 0.70, 0.78):
            s = (street.rails + edge - 0.05, street.rails + edge + 0.05)
            tone = palettes.gray(random, 60.0, 130.0) if abs(edge) > 0.75 else palettes.BLACK
            street.strip(s, (0.0, FAR), labels.ROAD, ground.STEEL, tone, seed)
    for z in stretches:
        if z[1] <= z[0]:
            continue
        for left, right in pairwise(offsets):
            if street.rails is None or not left < street.rails < right:
                dashes = random.choice(((5.0, 0.5), (8.0, 0.4), (0.0, 0.0)))
                line((left + right) / 2.0, z, 0.14, *dashes)
        for side in (street.left, street.right):
            if side.parking:
                dashes = random.choice(((0.0, 0.0), (2.0, 0.5)))
                line(side.sign * (side.road - 2.2), z, 0.12, *dashes)
    zebras = [z for near, far in street.crossings for z in (near - 4.2, far + 1.2)]
    if random.chance(0.35):
        zebras.append(random.uniform(7.0, 20.0))
    for near in zebras:
        if random.chance(0.75):
            area = ((limits[0] + 0.2, limits[1] - 0.2), (near, near + 3.0))
            size = (random.uniform(0.9, 1.2), 0.0)
            street.strip(*area, labels.ROAD, ground.ZEBRA, white, seed, size)
