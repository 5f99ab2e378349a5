"""Cars: a body of two parts, the upper one leaning in, with windows, lamps and wheels."""

from __future__ import annotations

from typing import NamedTuple

from ..rendering import materials, shapes
from ..rendering.canvas import FLAT, GLOW, Canvas, Color, Paint
from ..rendering.geometry import Pose
from ..rendering.randomness import Random
from . import labels, palettes


class _Body(NamedTuple):
    """Proportions: metres, then shares of length (from the tail) and of height."""

    length: float
    height: float
    belt: float
    cabin: tuple[float, float, float, float]


_BODIES = (
    _Body(3.9, 1.5, 0.6, (0.02, 0.12, 0.58, 0.78)),  # hatchback
    _Body(4.6, 1.45, 0.6, (0.14, 0.32, 0.58, 0.76)),  # saloon
    _Body(4.6, 1.48, 0.6, (0.02, 0.07, 0.58, 0.76)),  # estate
    _Body(4.5, 1.72, 0.6, (0.02, 0.06, 0.56, 0.74)),  # off-roader
    _Body(4.7, 1.95, 0.54, (0.01, 0.03, 0.68, 0.86)),  # van
)


def wheel(
    canvas: Canvas, pose: Pose, right: float, ahead: float, radius: float, label: int
) -> None:
    """Add a wheel of a vehicle: tyre and hub, facing sideways at `right`."""
    outward = 0.02 if right > 0.0 else -0.02
    for share, color, step in ((1.0, palettes.BLACK, 1.0), (0.62, palettes.STEEL, 1.6)):
        size = radius * share
        canvas.patch(
            pose.point(right + outward * step, radius - size, ahead - size),
            pose.vector(0.0, 0.0, 2.0 * size),
            (0.0, 2.0 * size, 0.0),
            Paint(label, color),
            shapes.ELLIPSE,
        )
    canvas.box(
        pose,
        (right - 0.2, right) if right > 0.0 else (right, right + 0.2),
        (0.0, radius * 1.3),
        (ahead - radius * 0.75, ahead + radius * 0.75),
        Paint(label, palettes.BLACK),
    )


def panel(
    canvas: Canvas,
    pose: Pose,
    right: tuple[float, float],
    up: tuple[float, float],
    ahead: float,
    paint: Paint,
    shape: int = shapes.RECTANGLE,
) -> None:
    """Add an upright patch across a vehicle: a lamp, a plate, a grille."""
    canvas.patch(
        pose.point(right[0], up[0], ahead),
        pose.vector(right[1] - right[0], 0.0, 0.0),
        (0.0, up[1] - up[0], 0.0),
        paint,
        shape,
    )


def pair(
    canvas: Canvas,
    pose: Pose,
    right: tuple[float, float],
    up: tuple[float, float],
    ahead: float,
    paint: Paint,
    shape: int = shapes.RECTANGLE,
) -> None:
    """Add a panel to the left and its mirror image to the right: lamps."""
    for side in (-1.0, 1.0):
        panel(canvas, pose, (side * right[0], side * right[1]), up, ahead, paint, shape)


def lamp(label: int, color: Color, lit: bool) -> Paint:
    """Return the paint of a lamp, shining or not."""
    return Paint(label, color, form=GLOW if lit else FLAT, shadow=False)


def _across(
    canvas: Canvas,
    pose: Pose,
    low: tuple[float, float, float],
    high: tuple[float, float, float],
    paint: Paint,
) -> None:
    # A patch across the body from (half width, up, ahead) to another, tapering.
    canvas.patch(
        pose.point(-low[0], low[1], low[2]),
        pose.vector(2.0 * low[0], 0.0, 0.0),
        pose.vector(0.0, high[1] - low[1], high[2] - low[2]),
        paint,
        shapes.TRAPEZOID,
        high[0] / low[0],
    )


def _sides(
    canvas: Canvas, pose: Pose, body: _Body, length: float, half: float, paint: Paint, glass: Paint
) -> None:
    c0, c1, c2, c3 = body.cabin
    belt = body.belt
    lower = (
        (0.0, 0.14), (0.0, belt * 0.92), (c0, belt), (c3, belt), (0.975, belt * 0.78),
        (1.0, belt * 0.62), (1.0, 0.16), (0.9, 0.12), (0.1, 0.12),
    )  # fmt: skip
    upper = ((c0, 0.0), (c1, 1.0), (c2, 1.0), (c3, 0.0))
    inner = (c1 - c0, c3 - c2)
    pillar = c0 + (c2 - c0) * 0.52
    windows = (
        ((c0 + inner[0] * 0.2 + 0.03, 0.08), (c1 + 0.03, 0.86), (pillar, 0.86), (pillar, 0.08)),
        (
            (pillar + 0.02, 0.08), (pillar + 0.02, 0.86), (c2 - 0.005, 0.86),
            (c3 - inner[1] * 0.1 - 0.035, 0.08),
        ),
    )  # fmt: skip
    rise = body.height * (1.0 - belt)
    along = pose.vector(0.0, 0.0, length)
    for side in (-1.0, 1.0):
        corner = pose.point(side * half, 0.0, -length / 2.0)
        canvas.polygon(corner, along, (0.0, body.height, 0.0), lower, paint)
        lean = pose.vector(-side * half * 0.24, rise, 0.0)
        base = body.height * belt
        canvas.polygon(pose.point(side * half, base, -length / 2.0), along, lean, upper, paint)
        corner = pose.point(side * (half + 0.012), base, -length / 2.0)
        for window in windows:
            canvas.polygon(corner, along, lean, window, glass)


def car(canvas: Canvas, random: Random, pose: Pose, *, lights: bool) -> None:
    """Add a car standing at the middle of a pose; lights: lamps shine (dusk)."""
    body = random.choice(_BODIES)
    length = body.length * random.uniform(0.93, 1.07)
    half = random.uniform(0.84, 0.94)
    height, belt = body.height, body.height * body.belt
    c0, c1, c2, c3 = (share * length - length / 2.0 for share in body.cabin)
    tail, nose = -length / 2.0, length / 2.0
    seed = random.seed()
    paint = Paint(labels.CAR, palettes.lacquer(random), materials.PAINTWORK, seed=seed)
    glass = Paint(labels.CAR, palettes.GLASS, materials.GLASS, seed=seed)
    dark = Paint(labels.CAR, palettes.near(random, palettes.DARK, 8.0), seed=seed)
    roof = half * 0.76
    canvas.contact(pose, half * 1.25, length * 0.56)
    _sides(canvas, pose, body, length, half, paint, glass)
    canvas.box(
        pose, (-half * 0.9, half * 0.9), (0.1, 0.3), (tail + 0.25, nose - 0.25),
        dark.but(color=palettes.BLACK),
    )  # fmt: skip
    _across(canvas, pose, (half, belt, c3), (roof, height, c2), paint)
    low, high = (half * 0.9, belt + 0.03, c3 + 0.01), (roof * 0.94, height - 0.06, c2 + 0.03)
    _across(canvas, pose, low, high, glass)
    _across(canvas, pose, (half, belt, c0), (roof, height, c1), paint)
    low, high = (half * 0.86, belt + 0.06, c0 - 0.02), (roof * 0.88, height - 0.08, c1 - 0.03)
    _across(canvas, pose, low, high, glass)
    _across(canvas, pose, (roof, height, c1), (roof, height, c2), paint)
    front = belt * 0.78
    _across(canvas, pose, (half, belt, c3), (half, front, nose - 0.02 * length), paint)
    _across(canvas, pose, (half, 0.16, nose), (half, front, nose - 0.02 * length), paint)
    _across(canvas, pose, (half, 0.16, tail), (half, belt * 0.94, tail), paint)
    _across(canvas, pose, (half, belt * 0.94, tail), (half, belt, c0), paint)
    plate = Paint(labels.CAR, random.choice((palettes.WHITE, (220.0, 200.0, 60.0))))
    # Tail: lamps, plate, bumper.
    braking = lights or random.chance(0.3)
    shape = random.choice((shapes.RECTANGLE, shapes.ELLIPSE))
    red = lamp(labels.CAR, (190.0, 20.0, 18.0), braking)
    lamps = (half * 0.62, half * 0.98)
    pair(canvas, pose, lamps, (belt * 0.68, belt * 0.9), tail - 0.02, red, shape)
    panel(canvas, pose, (-0.26, 0.26), (belt * 0.58, belt * 0.7), tail - 0.02, plate)
    panel(canvas, pose, (-half, half), (0.16, belt * 0.42), tail - 0.01, dark)
    # Nose: lamps, grille, plate.
    white = lamp(labels.CAR, (250.0, 244.0, 225.0), lights)
    lamps = (half * 0.58, half * 0.96)
    pair(canvas, pose, lamps, (front * 0.72, front * 0.98), nose + 0.02, white, shape)
    panel(canvas, pose, (-half * 0.5, half * 0.5), (front * 0.62, front * 0.92), nose + 0.015, dark)
    panel(canvas, pose, (-0.26, 0.26), (front * 0.4, front * 0.55), nose + 0.02, plate)
    panel(canvas, pose, (-half * 0.9, half * 0.9), (0.16, front * 0.34), nose + 0.01, dark)
    radius = 0.31 if height < 1.6 else 0.36
    for ahead in (tail + length * 0.18, nose - length * 0.18):
        for side in (-1.0, 1.0):
            wheel(canvas, pose, side * half, ahead, radius, labels.CAR)
