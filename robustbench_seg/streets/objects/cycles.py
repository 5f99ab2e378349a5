"""Bicycles and motorcycles, parked or ridden."""

from __future__ import annotations

from ..rendering import materials, shapes
from ..rendering.canvas import Canvas, Color, Paint
from ..rendering.geometry import Pose
from ..rendering.randomness import Random
from . import labels, palettes
from .cars import lamp
from .people import figure, riding


def _wheel(
    canvas: Canvas, pose: Pose, ahead: float, radius: float, rim: float, thick: float, paint: Paint
) -> None:
    # A disc seen from the side, and a bar that gives it thickness from the front.
    canvas.patch(
        pose.point(0.0, 0.0, ahead - radius),
        pose.vector(0.0, 0.0, 2.0 * radius),
        (0.0, 2.0 * radius, 0.0),
        paint,
        shapes.WHEEL,
        rim,
        0.025,
    )
    low, high = pose.point(0.0, thick, ahead), pose.point(0.0, 2.0 * radius - thick, ahead)
    canvas.limb(low, high, thick, thick, paint)


def bicycle(canvas: Canvas, random: Random, pose: Pose, *, ridden: bool) -> None:
    """Add a bicycle; ridden: with its rider, who is of another class."""
    color = palettes.vivid(random) if random.chance(0.5) else palettes.gray(random, 15.0, 220.0)
    frame = Paint(labels.BICYCLE, color)
    black = Paint(labels.BICYCLE, palettes.near(random, palettes.BLACK, 14.0))
    radius = 0.35
    canvas.contact(pose, 0.2, 0.85)
    for ahead in (-0.53, 0.53):
        _wheel(canvas, pose, ahead, radius, 0.76, 0.028, black)
    crank, seat, head = (0.0, 0.3, -0.08), (0.0, 0.82, -0.22), (0.0, 0.84, 0.36)
    joints = (
        (crank, seat), (crank, (0.0, 0.72, 0.38)), ((0.0, 0.74, -0.2), (0.0, 0.8, 0.37)),
        (crank, (0.0, radius, -0.53)), ((0.0, 0.68, -0.19), (0.0, radius, -0.53)),
        (head, (0.0, radius, 0.53)),
    )  # fmt: skip
    for start, end in joints:
        canvas.limb(pose.point(*start), pose.point(*end), 0.026, 0.026, frame)
    bars = (0.27, 1.02, 0.3)
    canvas.limb(pose.point(0.0, 0.8, 0.37), pose.point(0.0, 1.0, 0.34), 0.022, 0.022, black)
    canvas.limb(pose.point(-bars[0], bars[1], bars[2]), pose.point(*bars), 0.024, 0.024, black)
    canvas.limb(pose.point(0.0, 0.9, -0.32), pose.point(0.0, 0.9, -0.1), 0.065, 0.035, black)
    canvas.limb(pose.point(0.0, 0.84, -0.22), pose.point(0.0, 0.9, -0.22), 0.022, 0.022, black)
    if random.chance(0.35):
        basket = Paint(
            labels.BICYCLE, palettes.masonry(random), materials.PLANKS, detail=(0.05, 0.0, 0.0)
        )
        canvas.box(pose, (-0.17, 0.17), (0.72, 0.98), (0.42, 0.7), basket)
    if random.chance(0.4):
        canvas.box(
            pose,
            (-0.15, 0.15),
            (0.4, 0.72),
            (-0.78, -0.45),
            Paint(labels.BICYCLE, palettes.cloth(random)),
        )
    if ridden:
        height = random.uniform(1.6, 1.88)
        posture = riding(random, 0.92, bars, 0.3, height)
        helmet: Color | None = palettes.vivid(random) if random.chance(0.5) else None
        figure(canvas, random, pose, height, posture, labels.RIDER, helmet)


def motorcycle(canvas: Canvas, random: Random, pose: Pose, *, ridden: bool, lights: bool) -> None:
    """Add a motorcycle or a scooter; ridden: with its helmeted rider."""
    label = labels.MOTORCYCLE
    scooter = random.chance(0.35)
    color = palettes.lacquer(random)
    paint = Paint(label, color, materials.PAINTWORK, seed=random.seed())
    black = Paint(label, palettes.near(random, palettes.BLACK, 14.0))
    steel = Paint(label, palettes.STEEL)
    radius = 0.25 if scooter else 0.32
    base = 0.62 if scooter else 0.72
    canvas.contact(pose, 0.42, 1.05)
    for ahead in (-base, base):
        _wheel(canvas, pose, ahead, radius, 0.42, 0.085, black)
    grip = (0.37, 1.06, base - 0.32)
    canvas.limb(
        pose.point(0.0, radius, base), pose.point(0.0, 1.0, base - 0.28), 0.055, 0.055, steel
    )
    canvas.limb(pose.point(-grip[0], grip[1], grip[2]), pose.point(*grip), 0.028, 0.028, black)
    canvas.limb(pose.point(0.0, 0.78, -base - 0.05), pose.point(0.0, 0.8, 0.0), 0.12, 0.15, black)
    if scooter:
        canvas.limb(pose.point(0.0, 0.55, -base), pose.point(0.0, 0.58, -0.15), 0.2, 0.19, paint)
        canvas.box(pose, (-0.17, 0.17), (0.22, 0.32), (-0.3, 0.36), black)
        canvas.limb(pose.point(0.0, 0.4, 0.42), pose.point(0.0, 0.95, 0.3), 0.2, 0.14, paint)
    else:
        canvas.limb(pose.point(0.0, 0.82, -0.02), pose.point(0.0, 0.86, 0.32), 0.14, 0.19, paint)
        canvas.box(pose, (-0.2, 0.2), (0.25, 0.66), (-0.22, 0.28), steel)
        canvas.limb(pose.point(0.16, 0.35, 0.0), pose.point(0.18, 0.42, -base), 0.055, 0.075, steel)
        canvas.limb(
            pose.point(0.0, 0.62, -base), pose.point(0.0, 0.78, -base - 0.3), 0.08, 0.06, paint
        )
        if random.chance(0.5):
            canvas.limb(
                pose.point(0.0, 0.55, 0.3), pose.point(0.0, 1.05, base - 0.15), 0.2, 0.16, paint
            )
    beam = lamp(label, (250.0, 246.0, 230.0), lights)
    canvas.ball(pose.point(0.0, 0.94, base - 0.05), 0.11, 0.11, beam)
    canvas.ball(pose.point(0.0, 0.74, -base - 0.34), 0.07, 0.05, Paint(label, (200.0, 24.0, 20.0)))
    if random.chance(0.35):
        canvas.box(pose, (-0.22, 0.22), (0.88, 1.2), (-base - 0.3, -base + 0.08), black)
    if ridden:
        height = random.uniform(1.65, 1.9)
        posture = riding(random, 0.84, grip, 0.34, height)
        helmet = palettes.lacquer(random)
        figure(canvas, random, pose, height, posture, labels.RIDER, helmet)
