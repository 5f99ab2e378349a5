"""Buildings along the street and across its end: fronts, gables, roofs, balconies, awnings."""

from __future__ import annotations

from ..rendering import materials, shapes
from ..rendering.canvas import Canvas, Paint
from ..rendering.geometry import Pose, Vector
from ..rendering.randomness import Random
from . import labels, palettes


def _front_paint(random: Random, *, shops: bool) -> Paint:
    color = palettes.masonry(random)
    accent = (
        palettes.WHITE
        if random.chance(0.45)
        else palettes.near(random, palettes.masonry(random), 20.0)
    )
    ground = random.uniform(3.2, 4.4) if shops else 0.0
    detail = (random.uniform(1.9, 3.6), random.uniform(2.8, 3.7), ground)
    return Paint(labels.BUILDING, color, materials.FACADE, accent, random.seed(), detail)


def _balconies(
    canvas: Canvas, random: Random, pose: Pose, length: float, height: float, front: Paint
) -> None:
    floor = Paint(labels.BUILDING, palettes.gray(random, 110.0, 200.0))
    rail = Paint(
        labels.BUILDING,
        palettes.gray(random, 40.0, 190.0),
        materials.STRIPES,
        palettes.DARK,
        detail=(0.16, 0.0, 0.0),
    )
    columns = int(length / front.detail[0])
    chosen = [column for column in range(columns) if random.chance(0.4)]
    level = front.detail[2] + front.detail[1]
    while level < height - 2.0:
        for column in chosen:
            start = length * column / columns + 0.2
            canvas.box(pose, (0.0, 1.1), (level - 0.12, level + 0.05), (start, start + 2.0), floor)
            canvas.box(pose, (0.0, 1.1), (level + 0.05, level + 0.95), (start, start + 2.0), rail)
        level += front.detail[1]


def _roof(
    canvas: Canvas, random: Random, corners: tuple[Vector, Vector, Vector], rise: float
) -> None:
    # corners: near and far end of the eaves, near end at the back of the house.
    near, far, back = corners
    tiles = Paint(
        labels.BUILDING,
        palettes.near(
            random,
            random.choice(((124.0, 66.0, 52.0), (84.0, 84.0, 90.0), (100.0, 70.0, 60.0))),
            16.0,
        ),
        materials.TILES,
        seed=random.seed(),
    )
    inward = (back[0] - near[0], 0.0, back[2] - near[2])
    along = (far[0] - near[0], 0.0, far[2] - near[2])
    slope = (inward[0] * 0.5, rise, inward[2] * 0.5)
    canvas.patch(near, along, slope, tiles)
    gable = Paint(labels.BUILDING, palettes.masonry(random), materials.CONCRETE, seed=random.seed())
    canvas.patch(near, inward, (0.0, rise, 0.0), gable, shapes.TRIANGLE)
    canvas.patch(far, inward, (0.0, rise, 0.0), gable, shapes.TRIANGLE)
    for _ in range(random.integer(0, 2)):
        share = random.uniform(0.1, 0.9)
        stack = Pose(
            near[0] + along[0] * share + inward[0] * 0.4,
            near[2] + along[2] * share + inward[2] * 0.4,
        )
        canvas.box(
            stack, (-0.4, 0.4), (near[1] + rise * 0.6, near[1] + rise + 1.0), (-0.4, 0.4), gable
        )


def building(
    canvas: Canvas, random: Random, start: Pose, end: Pose, side: int, *, shops: bool, low: bool
) -> float:
    """Add a building whose front runs from one place to another on a side (-1 left, 1 right).

    Returns its height in metres.
    """
    height = random.uniform(4.0, 8.5) if low else random.uniform(8.0, 20.0)
    deep = random.uniform(9.0, 14.0)
    front = _front_paint(random, shops=shops)
    near: Vector = (start.x, 0.0, start.z)
    far: Vector = (end.x, 0.0, end.z)
    along = (far[0] - near[0], 0.0, far[2] - near[2])
    inward = start.vector(side * deep, 0.0, 0.0)
    canvas.patch(near, along, (0.0, height, 0.0), front)
    if random.chance(0.5):
        gable = front.but(detail=(front.detail[0] * 1.4, front.detail[1], 0.0))
    else:
        gable = front.but(
            material=materials.BRICK if random.chance(0.5) else materials.CONCRETE,
            detail=(0.3, 0.1, 0.0),
            shadow=True,
        )
    canvas.patch(near, inward, (0.0, height, 0.0), gable)
    canvas.patch(far, inward, (0.0, height, 0.0), gable)
    length = end.z - start.z
    facing_street = Pose(near[0], near[2], along[0] / length, along[2] / length)
    if random.chance(0.5):
        back = (near[0] + inward[0], height, near[2] + inward[2])
        eaves = ((near[0], height, near[2]), (far[0], height, far[2]), back)
        _roof(canvas, random, eaves, random.uniform(2.0, 4.5))
    if not low and start.z < 60.0 and random.chance(0.35):
        pose = facing_street
        if side > 0:
            pose = Pose(far[0], far[2], -pose.ahead_x, -pose.ahead_z)
        _balconies(canvas, random, pose, length, height, front)
    if shops and start.z < 60.0:
        _awnings(canvas, random, facing_street, side, length, front)
    return height


def _awnings(
    canvas: Canvas, random: Random, pose: Pose, side: int, length: float, front: Paint
) -> None:
    bay = front.detail[0] * 1.6
    for index in range(int(length / bay)):
        if random.chance(0.3):
            paint = Paint(
                labels.BUILDING,
                palettes.vivid(random),
                materials.STRIPES,
                palettes.WHITE,
                detail=(0.5, 0.0, 0.0),
            )
            if random.chance(0.5):
                paint = paint.but(accent=paint.color)
            top = pose.point(0.0, front.detail[2] * 0.8, index * bay + 0.2)
            canvas.patch(
                top, pose.vector(0.0, 0.0, bay - 0.4), pose.vector(-side * 1.3, -0.55, 0.0), paint
            )


def backdrop(canvas: Canvas, random: Random, z: float, left: float, right: float) -> None:
    """Close the view at a distance with a row of fronts that face the camera."""
    x = left
    while x < right:
        width = random.uniform(9.0, 24.0)
        if random.chance(0.85):
            front = _front_paint(random, shops=random.chance(0.5))
            height = random.uniform(6.0, 22.0)
            canvas.patch((x, 0.0, z), (width, 0.0, 0.0), (0.0, height, 0.0), front)
            if random.chance(0.4):
                tiles = Paint(
                    labels.BUILDING,
                    palettes.near(random, (110.0, 76.0, 66.0), 24.0),
                    materials.TILES,
                    seed=random.seed(),
                )
                canvas.patch(
                    (x, height, z), (width, 0.0, 0.0), (0.0, 3.5, 5.0), tiles, shapes.TRAPEZOID, 0.7
                )
        x += width
