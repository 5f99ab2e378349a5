"""Trucks and buses: long boxes that differ in their build."""

from __future__ import annotations

from ..rendering import materials, shapes
from ..rendering.canvas import GLOW, Canvas, Paint
from ..rendering.geometry import Pose
from ..rendering.randomness import Random
from . import labels, palettes
from .cars import lamp, pair, panel, wheel


def side_panels(
    canvas: Canvas,
    pose: Pose,
    half: float,
    up: tuple[float, float],
    spans: list[tuple[float, float]],
    paint: Paint,
    out: float = 0.02,
) -> None:
    """Add the same patches to both sides of a vehicle: windows, doors, stripes."""
    for side in (-1.0, 1.0):
        for start, end in spans:
            canvas.patch(
                pose.point(side * (half + out), up[0], start),
                pose.vector(0.0, 0.0, end - start),
                (0.0, up[1] - up[0], 0.0),
                paint,
            )


def bays(start: float, end: float, size: float, gap: float) -> list[tuple[float, float]]:
    """Divide a length into bays of about a size; return their starts and ends."""
    count = max(int((end - start) / size), 1)
    step = (end - start) / count
    return [
        (start + step * index + gap, start + step * (index + 1) - gap) for index in range(count)
    ]


def truck(canvas: Canvas, random: Random, pose: Pose, *, lights: bool) -> float:
    """Add a truck: a cab, a gap, and a load on open wheels. Return its length in metres."""
    seed = random.seed()
    load = random.uniform(4.2, 8.0)
    cab = random.uniform(1.7, 2.2)
    length = load + cab + 0.35
    half = random.uniform(1.15, 1.27)
    tall = random.uniform(2.5, 3.0)
    top = random.uniform(3.0, 3.9)
    tail, nose = -length / 2.0, length / 2.0
    back = nose - cab
    paint = Paint(labels.TRUCK, palettes.lacquer(random), materials.PAINTWORK, seed=seed)
    dark = Paint(labels.TRUCK, palettes.near(random, palettes.DARK, 12.0), seed=seed)
    glass = Paint(labels.TRUCK, palettes.GLASS, materials.GLASS, seed=seed)
    canvas.contact(pose, half * 1.25, length * 0.54)
    canvas.box(pose, (-half, half), (0.45, tall), (back, nose), paint)
    panel(canvas, pose, (-half * 0.92, half * 0.92), (tall * 0.55, tall * 0.9), nose + 0.02, glass)
    panel(canvas, pose, (-half * 0.7, half * 0.7), (tall * 0.3, tall * 0.48), nose + 0.02, dark)
    panel(canvas, pose, (-half, half), (0.35, 0.75), nose + 0.03, dark)
    side_panels(
        canvas, pose, half, (tall * 0.55, tall * 0.88), [(back + cab * 0.35, nose - 0.15)], glass
    )
    white = lamp(labels.TRUCK, (250.0, 244.0, 225.0), lights)
    red = lamp(labels.TRUCK, (190.0, 20.0, 18.0), lights or random.chance(0.3))
    pair(canvas, pose, (half * 0.65, half * 0.95), (0.55, 0.8), nose + 0.05, white)
    pair(canvas, pose, (half * 0.68, half * 0.98), (0.62, 0.82), tail - 0.04, red)
    for side in (-1.0, 1.0):
        canvas.box(
            pose, (side * half, side * (half + 0.22)), (tall * 0.55, tall * 0.8),
            (nose - 0.1, nose), dark,
        )  # fmt: skip
    canvas.box(pose, (-half * 0.85, half * 0.85), (0.5, 0.95), (tail, back), dark)
    panel(canvas, pose, (-half, half), (0.4, 0.6), tail - 0.03, dark)
    panel(canvas, pose, (-0.3, 0.3), (0.62, 0.76), tail - 0.035, dark.but(color=palettes.WHITE))
    _load(canvas, random, pose, half, (0.95, top), (tail, back - 0.35))
    for ahead in (tail + 0.8, tail + 1.9, nose - 1.0):
        for side in (-1.0, 1.0):
            wheel(canvas, pose, side * half, ahead, 0.48, labels.TRUCK)
    return length


def _load(
    canvas: Canvas,
    random: Random,
    pose: Pose,
    half: float,
    up: tuple[float, float],
    ahead: tuple[float, float],
) -> None:
    seed = random.seed()
    kind = random.choice(("box", "box", "sheet", "container", "tank", "tipper"))
    color = palettes.lacquer(random)
    paint = Paint(labels.TRUCK, color, materials.PAINTWORK, seed=seed)
    dark = Paint(labels.TRUCK, palettes.DARK, seed=seed)
    if kind == "tank":
        middle = (up[0] + up[1]) / 2.0
        size = (up[1] - up[0]) / 2.0
        back, front = (pose.point(0.0, middle, z) for z in (ahead[0] + size, ahead[1] - size))
        canvas.limb(back, front, size, size, paint)
        canvas.box(pose, (-half * 0.6, half * 0.6), (up[0] - 0.2, middle), ahead, dark)
        return
    if kind == "tipper":
        rim = up[0] + 1.0
        wood = paint.but(
            material=materials.STRIPES,
            accent=palettes.near(random, color, 25.0),
            detail=(0.5, 0.0, 0.0),
        )
        canvas.box(pose, (-half, half), (up[0], rim), ahead, wood)
        heap = Paint(labels.TRUCK, palettes.masonry(random), materials.CONCRETE, seed=seed)
        for index in range(3):
            place = ahead[0] + (ahead[1] - ahead[0]) * (0.25 + 0.25 * index)
            canvas.ball(pose.point(0.0, rim, place), half * 0.95, random.uniform(0.4, 0.9), heap)
        return
    if kind == "sheet":
        paint = paint.but(material=materials.CLOTH)
    if kind == "container":
        paint = paint.but(
            material=materials.STRIPES,
            accent=tuple(0.75 * part for part in color),
            detail=(0.35, 0.0, 0.0),
        )
    canvas.box(pose, (-half, half), up, ahead, paint)
    # Doors at the back: a frame, a joint, two bars.
    panel(canvas, pose, (-0.02, 0.02), (up[0] + 0.1, up[1] - 0.1), ahead[0] - 0.02, dark)
    for middle in (-0.45 * half, 0.45 * half):
        bar = (middle - 0.025, middle + 0.025)
        panel(canvas, pose, bar, (up[0] + 0.1, up[1] - 0.1), ahead[0] - 0.02, dark)
    panel(canvas, pose, (-half, half), (up[1] - 0.1, up[1]), ahead[0] - 0.02, dark)
    if random.chance(0.6):
        logo = Paint(
            labels.TRUCK,
            palettes.vivid(random),
            materials.SIGN,
            palettes.WHITE,
            seed,
            (4.0, 0.0, 0.0),
        )
        low = up[0] + (up[1] - up[0]) * 0.3
        side_panels(canvas, pose, half, (low, low + 1.0), [(ahead[0] + 1.0, ahead[1] - 1.0)], logo)


def bus(canvas: Canvas, random: Random, pose: Pose, *, lights: bool) -> float:
    """Add a bus: one box, rows of windows, doors, a lit destination. Return its length."""
    seed = random.seed()
    length = random.uniform(9.5, 12.5)
    half, top = random.uniform(1.22, 1.3), random.uniform(2.95, 3.3)
    if random.chance(0.12):
        top = 4.2
    tail, nose = -length / 2.0, length / 2.0
    color = palettes.vivid(random) if random.chance(0.6) else palettes.lacquer(random)
    paint = Paint(labels.BUS, color, materials.PAINTWORK, seed=seed)
    trim = paint.but(color=palettes.lacquer(random))
    dark = Paint(labels.BUS, palettes.DARK, seed=seed)
    glass = Paint(labels.BUS, palettes.GLASS, materials.GLASS, seed=seed, detail=(1.0, 0.0, 0.0))
    canvas.contact(pose, half * 1.25, length * 0.53)
    canvas.box(pose, (-half, half), (0.3, top), (tail, nose), paint)
    canvas.box(pose, (-half * 0.7, half * 0.7), (top, top + 0.22), (tail + 1.5, nose - 3.0), trim)
    side_panels(canvas, pose, half, (0.3, random.uniform(0.5, 1.1)), [(tail, nose)], trim, 0.01)
    windows = bays(tail + 0.4, nose - 0.4, 1.5, 0.06)
    side_panels(canvas, pose, half, (1.25, 2.35), windows, glass)
    if top > 4.0:
        side_panels(canvas, pose, half, (2.85, 3.75), windows, glass)
    doors = [windows[-1], windows[len(windows) // 2]]
    side_panels(canvas, pose, half, (0.42, 2.4), doors, dark, 0.025)
    leaves = [(a + 0.08, (a + b) / 2.0 - 0.03) for a, b in doors]
    leaves += [((a + b) / 2.0 + 0.03, b - 0.08) for a, b in doors]
    side_panels(canvas, pose, half, (0.5, 2.3), leaves, glass, 0.035)
    panel(canvas, pose, (-half * 0.94, half * 0.94), (0.95, 2.35), nose + 0.02, glass)
    line = Paint(
        labels.BUS,
        palettes.BLACK,
        materials.SIGN,
        (250.0, 170.0, 40.0),
        seed,
        (4.0, -2.0, 0.0),
        GLOW,
    )
    panel(canvas, pose, (-half * 0.8, half * 0.8), (top - 0.52, top - 0.15), nose + 0.03, line)
    panel(canvas, pose, (-half, half), (0.3, 0.5), nose + 0.03, dark)
    panel(canvas, pose, (-half * 0.88, half * 0.88), (1.5, 2.5), tail - 0.02, glass)
    panel(canvas, pose, (-half * 0.4, half * 0.4), (top - 0.42, top - 0.12), tail - 0.03, line)
    grille = dark.but(material=materials.STRIPES, accent=palettes.BLACK, detail=(0.16, 1.0, 0.0))
    panel(canvas, pose, (-half * 0.7, half * 0.7), (0.6, 1.15), tail - 0.02, grille)
    white = lamp(labels.BUS, (250.0, 244.0, 225.0), lights)
    red = lamp(labels.BUS, (190.0, 20.0, 18.0), lights or random.chance(0.3))
    lamps = (half * 0.62, half * 0.94)
    pair(canvas, pose, lamps, (0.58, 0.84), nose + 0.04, white, shapes.ELLIPSE)
    pair(canvas, pose, (half * 0.8, half * 0.97), (0.8, 1.35), tail - 0.04, red)
    for side in (-1.0, 1.0):
        canvas.box(pose, (side * half, side * (half + 0.25)), (1.6, 2.1), (nose, nose + 0.12), dark)
        for ahead in (tail + length * 0.22, nose - length * 0.22):
            wheel(canvas, pose, side * half, ahead, 0.48, labels.BUS)
    return length
