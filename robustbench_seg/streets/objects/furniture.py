"""Street furniture: walls, fences, lamps, bollards, traffic lights and signs."""

from __future__ import annotations

from ..rendering import materials, shapes
from ..rendering.canvas import FLAT, GLOW, Canvas, Color, Paint
from ..rendering.geometry import Pose, Vector
from ..rendering.randomness import Random
from . import labels, palettes


def _span(start: Pose, end: Pose) -> tuple[Vector, Vector]:
    return (start.x, 0.0, start.z), (end.x - start.x, 0.0, end.z - start.z)


def wall(canvas: Canvas, random: Random, start: Pose, end: Pose, height: float) -> None:
    """Add a free-standing wall of brick, stone or concrete, with a coping."""
    color = palettes.masonry(random)
    kind = random.choice((materials.BRICK, materials.BRICK, materials.CONCRETE))
    size = random.choice(((0.25, 0.08), (0.5, 0.22), (0.9, 0.4)))
    spray = random.uniform(0.4, 1.0) if kind == materials.CONCRETE and random.chance(0.5) else 0.0
    paint = Paint(
        labels.WALL, color, kind,
        palettes.vivid(random) if spray else palettes.near(random, (150.0, 146.0, 138.0), 25.0),
        random.seed(), (spray if kind == materials.CONCRETE else size[0], size[1], 0.0),
    )  # fmt: skip
    coping = Paint(labels.WALL, palettes.gray(random, 90.0, 190.0), seed=random.seed())
    base, along = _span(start, end)
    thick = start.vector(0.35, 0.0, 0.0)
    canvas.patch(base, along, (0.0, height, 0.0), paint)
    canvas.patch(base, thick, (0.0, height, 0.0), paint)
    lip = start.vector(-0.07, 0.0, 0.0)
    for edge in (lip, start.vector(0.07, 0.0, 0.0)):
        low = (base[0] + edge[0], height, base[2] + edge[2])
        canvas.patch(low, along, (0.0, 0.2, 0.0), coping)
    canvas.patch((base[0], height + 0.2, base[2]), along, thick, coping)
    canvas.patch((base[0], height, base[2]), thick, (0.0, 0.2, 0.0), coping)
    if start.z < 60.0:
        _piers(canvas, random, start, end, height, paint, coping)


def _piers(
    canvas: Canvas, random: Random, start: Pose, end: Pose, height: float, paint: Paint, cap: Paint
) -> None:
    # Piers at even distances, higher than the wall, make it look unlike a house.
    base, along = _span(start, end)
    length = abs(along[2]) + abs(along[0])
    spans = max(1, round(length / random.uniform(2.2, 4.5)))
    tall, half = height + random.uniform(0.25, 0.5), random.uniform(0.2, 0.32)
    over = half + 0.08
    for index in range(spans + 1):
        share = index / spans
        x, z = base[0] + along[0] * share, base[2] + along[2] * share
        pose = Pose(x, z, start.ahead_x, start.ahead_z)
        canvas.box(pose, (-half, half), (0.0, tall), (-half, half), paint)
        canvas.box(pose, (-over, over), (tall, tall + 0.14), (-over, over), cap)


def fence(canvas: Canvas, random: Random, start: Pose, end: Pose, height: float) -> None:
    """Add a fence: railings, mesh, boards or a site hoarding, on posts."""
    color: Color = random.choice(
        (
            palettes.gray(random, 25.0, 90.0),
            palettes.gray(random, 130.0, 215.0),
            palettes.near(random, (120.0, 92.0, 66.0), 25.0),
            palettes.near(random, (50.0, 84.0, 62.0), 15.0),
        )
    )
    paint = Paint(labels.FENCE, color, seed=random.seed())
    base, along = _span(start, end)
    length = abs(along[2]) + abs(along[0])
    rise = (0.0, height, 0.0)
    kind = random.choice(("bars", "bars", "mesh", "boards", "pickets"))
    if kind == "bars":
        canvas.patch(
            base, along, rise, paint, shapes.RAILING, length * random.uniform(4.0, 6.0), 0.42
        )
    elif kind == "pickets":
        canvas.patch(base, along, rise, paint, shapes.RAILING, length * 4.5, 0.7)
    elif kind == "mesh":
        canvas.patch(base, along, rise, paint, shapes.MESH, length * 4.0, height * 4.0)
    else:
        boards = paint.but(
            material=materials.PLANKS,
            detail=(random.choice((0.16, 0.25, 0.5)), float(random.integer(0, 1)), 0.0),
        )
        canvas.patch(base, along, rise, boards)
    for rail in (0.1, height - 0.06):
        canvas.patch((base[0], rail, base[2]), along, (0.0, 0.07, 0.0), paint)
    posts = int(length / 2.4) + 1
    for index in range(posts + 1 if start.z < 60.0 else 0):
        share = index / posts
        foot = (base[0] + along[0] * share, 0.0, base[2] + along[2] * share)
        canvas.limb(foot, (foot[0], height + 0.12, foot[2]), 0.07, 0.07, paint)


def _post(canvas: Canvas, random: Random, pose: Pose, height: float, radius: float) -> Paint:
    color = palettes.gray(random, 35.0, 175.0)
    if random.chance(0.2):
        color = palettes.near(random, (60.0, 82.0, 70.0), 20.0)
    paint = Paint(labels.POLE, color, seed=random.seed())
    canvas.contact(pose, radius * 3.0, radius * 3.0)
    canvas.limb(
        pose.point(0.0, 0.0, 0.0), pose.point(0.0, height, 0.0), radius, radius * 0.75, paint
    )
    canvas.limb(
        pose.point(0.0, 0.0, 0.0), pose.point(0.0, 0.9, 0.0), radius * 1.35, radius * 1.35, paint
    )
    return paint


def lamp_post(canvas: Canvas, random: Random, pose: Pose, side: int, *, lights: bool) -> None:
    """Add a street lamp whose arm reaches over the road (side: -1 left of it, 1 right of it)."""
    height = random.uniform(4.0, 8.0)
    paint = _post(canvas, random, pose, height, random.uniform(0.085, 0.13))
    head = Paint(
        labels.POLE, (250.0, 226.0, 170.0) if lights else paint.color, form=GLOW if lights else FLAT
    )
    if height < 5.0:
        canvas.ball(pose.point(0.0, height + 0.25, 0.0), 0.3, 0.32, head)
        return
    reach = random.uniform(0.9, 2.4)
    canvas.limb(
        pose.point(0.0, height, 0.0),
        pose.point(-side * reach, height + 0.4, 0.0),
        0.07,
        0.05,
        paint,
    )
    canvas.limb(
        pose.point(-side * reach, height + 0.4, 0.0),
        pose.point(-side * (reach + 0.6), height + 0.4, 0.0),
        0.12,
        0.1,
        head,
    )


def bollards(canvas: Canvas, random: Random, places: list[Pose]) -> None:
    """Add a row of equal bollards."""
    paint = Paint(labels.POLE, palettes.gray(random, 30.0, 200.0), seed=random.seed())
    band = paint.but(color=palettes.vivid(random))
    for pose in places:
        canvas.contact(pose, 0.2, 0.2)
        canvas.limb(pose.point(0.0, 0.0, 0.0), pose.point(0.0, 0.95, 0.0), 0.08, 0.08, paint)
        canvas.limb(pose.point(0.0, 0.74, 0.0), pose.point(0.0, 0.8, 0.0), 0.085, 0.085, band)


def _signal(canvas: Canvas, pose: Pose, right: float, low: float, color: Color, phase: int) -> None:
    # Three lamps in a dark housing with a visor each, facing the camera.
    label = labels.TRAFFIC_LIGHT
    case = Paint(label, color)
    canvas.box(pose, (right - 0.2, right + 0.2), (low, low + 1.1), (-0.12, 0.16), case)
    tones = ((60.0, 235.0, 150.0), (250.0, 190.0, 40.0), (245.0, 45.0, 35.0))
    for index, tone in enumerate(tones):
        lit = phase == index
        shade = 1.0 if lit else 0.28
        paint = Paint(
            label,
            (tone[0] * shade, tone[1] * shade, tone[2] * shade),
            form=GLOW if lit else FLAT,
            shadow=False,
        )
        up = low + 0.06 + 0.34 * index
        canvas.patch(
            pose.point(right - 0.15, up, -0.14),
            pose.vector(0.3, 0.0, 0.0),
            (0.0, 0.3, 0.0),
            paint,
            shapes.ELLIPSE,
        )


def traffic_light(canvas: Canvas, random: Random, pose: Pose, side: int, reach: float) -> None:
    """Add a traffic light on a post; reach > 0: a second one on an arm over the road."""
    paint = _post(canvas, random, pose, 5.6 if reach > 0.0 else 3.4, 0.1)
    color = random.choice((palettes.BLACK, palettes.DARK, (52.0, 66.0, 58.0), (190.0, 160.0, 50.0)))
    phase = random.integer(0, 2)
    _signal(canvas, pose, -side * 0.3, random.uniform(2.2, 2.5), color, phase)
    if reach > 0.0:
        canvas.limb(
            pose.point(0.0, 5.4, 0.0), pose.point(-side * reach, 5.6, 0.0), 0.08, 0.06, paint
        )
        _signal(canvas, pose, -side * reach, 4.7, color, phase)


_RED, _BLUE, _GREEN = (196.0, 30.0, 34.0), (28.0, 74.0, 156.0), (20.0, 104.0, 72.0)
_YELLOW = (236.0, 190.0, 40.0)

# Outline, half width, half height, face kind (see materials), face colour, mark colour.
_SIGNS: tuple[tuple[int, float, float, float, Color, Color], ...] = (
    (shapes.ELLIPSE, 0.4, 0.4, 0.0, palettes.WHITE, _RED),
    (shapes.ELLIPSE, 0.4, 0.4, 2.0, _RED, palettes.WHITE),
    (shapes.ELLIPSE, 0.4, 0.4, 3.0, _BLUE, palettes.WHITE),
    (shapes.TRIANGLE, 0.5, 0.44, 1.0, palettes.WHITE, _RED),
    (shapes.RECTANGLE, 0.38, 0.38, 5.0, _BLUE, palettes.WHITE),
    (shapes.RECTANGLE, 0.42, 0.42, 3.0, _BLUE, palettes.WHITE),
    (shapes.ELLIPSE, 0.4, 0.4, 0.0, palettes.WHITE, palettes.BLACK),
    (shapes.TRIANGLE, 0.5, 0.44, 1.0, _YELLOW, palettes.BLACK),
    (shapes.RECTANGLE, 0.75, 0.4, 4.0, _YELLOW, palettes.BLACK),
    (shapes.RECTANGLE, 0.75, 0.5, 4.0, palettes.WHITE, palettes.BLACK),
    (shapes.RECTANGLE, 0.8, 0.5, 4.0, _GREEN, palettes.WHITE),
    (shapes.RECTANGLE, 0.7, 0.3, 6.0, palettes.WHITE, _RED),
)


def _plate(
    canvas: Canvas, random: Random, pose: Pose, right: float, middle: float, scale: float
) -> float:
    shape, wide, high, kind, face, mark = random.choice(_SIGNS)
    wide, high = wide * scale, high * scale
    paint = Paint(
        labels.TRAFFIC_SIGN,
        palettes.near(random, face, 14.0),
        materials.SIGN,
        mark,
        random.seed(),
        (kind, 0.0, 0.0),
    )
    canvas.patch(
        pose.point(right - wide, middle - high, -0.12),
        pose.vector(2.0 * wide, 0.0, 0.0),
        (0.0, 2.0 * high, 0.0),
        paint,
        shape,
    )
    return 2.0 * high


def sign_post(canvas: Canvas, random: Random, pose: Pose) -> None:
    """Add one to three signs on a post, facing the camera."""
    height = random.uniform(2.7, 3.5)
    _post(canvas, random, pose, height, random.uniform(0.055, 0.08))
    middle = height - 0.35
    for _ in range(random.integer(1, 2)):
        middle -= _plate(canvas, random, pose, 0.0, middle, random.uniform(0.75, 1.05)) + 0.06


def gantry(canvas: Canvas, random: Random, pose: Pose, side: int, reach: float) -> None:
    """Add a direction board on an arm over the road."""
    paint = _post(canvas, random, pose, 6.2, 0.16)
    canvas.limb(
        pose.point(0.0, 6.0, 0.0), pose.point(-side * (reach + 1.0), 6.0, 0.0), 0.1, 0.09, paint
    )
    face = random.choice((_BLUE, _GREEN, palettes.WHITE, _YELLOW))
    mark = palettes.BLACK if face in (palettes.WHITE, _YELLOW) else palettes.WHITE
    board = Paint(labels.TRAFFIC_SIGN, face, materials.SIGN, mark, random.seed(), (4.0, 0.0, 0.0))
    canvas.patch(
        pose.point(-side * reach - 1.4, 5.0, -0.15),
        pose.vector(2.8, 0.0, 0.0),
        (0.0, 1.6, 0.0),
        board,
    )
