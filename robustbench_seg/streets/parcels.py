"""Building parcels along the street: houses, gardens, parks, long walls, building sites."""

from __future__ import annotations

from .objects import buildings, furniture, labels, nature, palettes
from .rendering import ground
from .rendering.canvas import Canvas
from .rendering.randomness import Random
from .street import Side, Street


def line_street(
    canvas: Canvas, random: Random, street: Street, autumn: float, dense: float
) -> None:
    """Fill both sides up to the end of the street; dense in [0, 1] is how urban it is."""
    for side in (street.left, street.right):
        z = random.uniform(-9.0, -2.0)
        while z < street.end:
            length = random.uniform(9.0, 24.0)
            gap = next(
                (far for near, far in street.crossings if z < far and z + length > near), None
            )
            if gap is not None:
                near = min(n for n, f in street.crossings if f == gap)
                if near - z > 5.0:
                    _build_parcel(canvas, random, street, side, (z, near - 2.5), autumn, dense)
                z = gap + 2.5
                continue
            _build_parcel(canvas, random, street, side, (z, z + length), autumn, dense)
            z += length + (random.uniform(1.5, 6.0) if random.chance(0.15) else 0.0)
    buildings.backdrop(canvas, random, street.end + 6.0, -110.0, 110.0)
    for _ in range(10):
        pose = street.pose(random.uniform(-70.0, 70.0), street.end + 3.0)
        nature.tree(canvas, random, pose, autumn)


def _barrier(
    canvas: Canvas, random: Random, street: Street, s: float, z: tuple[float, float]
) -> None:
    start, end = street.pose(s, z[0]), street.pose(s, z[1])
    kind = random.choice(("wall", "wall", "wall", "fence", "fence", "fence", "hedge"))
    if kind == "wall":
        furniture.wall(canvas, random, start, end, random.uniform(0.7, 2.2))
    elif kind == "fence":
        furniture.fence(canvas, random, start, end, random.uniform(0.9, 2.0))
    else:
        nature.hedge(canvas, random, start, end, random.uniform(0.8, 1.7))


def _build_parcel(
    canvas: Canvas,
    random: Random,
    street: Street,
    side: Side,
    z: tuple[float, float],
    autumn: float,
    dense: float,
) -> None:
    s = side.line
    if random.chance(0.2 + 0.5 * dense):
        start, end = street.pose(s, z[0]), street.pose(s, z[1])
        height = buildings.building(
            canvas, random, start, end, side.sign, shops=random.chance(0.7), low=random.chance(0.2)
        )
        street.build_up(side, s, z, height)
        return
    kind = random.choice(("garden", "garden", "park", "park", "wall", "wall", "site", "site"))
    deep = random.uniform(4.0, 9.0) if kind == "garden" else random.uniform(16.0, 26.0)
    if kind != "site":
        soil = ground.GRASS if random.chance(0.85) else ground.SOIL
        tone = palettes.near(
            random, (98.0, 110.0, 58.0) if soil == ground.GRASS else (136.0, 112.0, 84.0), 26.0
        )
        street.strip(
            (s, s + side.sign * deep),
            (max(z[0], 0.0), z[1]),
            labels.TERRAIN,
            soil,
            tone,
            random.seed(),
        )
    back = s + side.sign * deep
    start, end = street.pose(back, z[0]), street.pose(back, z[1])
    height = buildings.building(
        canvas, random, start, end, side.sign, shops=False, low=kind == "garden"
    )
    street.build_up(side, back, z, height)
    edge = s + side.sign * 0.3
    ends = (street.pose(edge, z[0]), street.pose(edge, z[1]))
    if kind == "wall":
        furniture.wall(canvas, random, *ends, random.uniform(1.2, 2.6))
    elif kind == "site":
        furniture.fence(canvas, random, *ends, 2.0)
    elif random.chance(0.75):
        _barrier(canvas, random, street, edge, z)
    for _ in range(random.integer(2, 5) if kind != "site" else 1):
        inside = s + side.sign * random.uniform(1.5, deep - 1.0)
        pose = street.pose(inside, random.uniform(z[0] + 1.0, z[1] - 1.0))
        if kind != "garden" and random.chance(0.6):
            nature.tree(canvas, random, pose, autumn)
        else:
            nature.bush(canvas, random, pose, autumn)


def plant_avenue(canvas: Canvas, random: Random, street: Street, autumn: float) -> None:
    """Set trees along the kerbs, in the verge where there is one."""
    for side in (street.left, street.right):
        if not random.chance(0.75 if side.verge > 0.0 else 0.3):
            continue
        s = side.sign * (side.road + (side.verge * 0.5 if side.verge > 0.0 else 0.8))
        z = random.uniform(5.0, 14.0)
        step = random.uniform(8.0, 15.0)
        while z < min(street.end, 90.0):
            if not street.crossing_at(z - 3.0, z + 3.0) and street.take(s, z, 0.4, 0.4):
                nature.tree(canvas, random, street.pose(s, z), autumn, tall=0.85)
            elif side.verge > 0.0 and random.chance(0.3):
                nature.bush(canvas, random, street.pose(s, z + 2.0), autumn)
            z += step * random.uniform(0.85, 1.15)
