"""Trams: jointed sections with slanted ends, low skirts and a current collector."""

from __future__ import annotations

from ..rendering import materials, shapes
from ..rendering.canvas import GLOW, Canvas, Paint
from ..rendering.geometry import Pose
from ..rendering.randomness import Random
from . import labels, palettes
from .cars import lamp, pair, panel
from .lorries import bays, side_panels


def tram(canvas: Canvas, random: Random, pose: Pose, *, lights: bool, sections: int) -> float:
    """Add a tram, standing at the middle of a pose. Return its length in metres."""
    seed = random.seed()
    piece = random.uniform(7.0, 9.0)
    length = piece * sections
    half, top = random.uniform(1.15, 1.25), random.uniform(3.2, 3.5)
    tail = -length / 2.0
    upper = Paint(labels.TRAIN, palettes.lacquer(random), materials.PAINTWORK, seed=seed)
    lower = upper.but(
        color=palettes.vivid(random) if random.chance(0.6) else palettes.lacquer(random)
    )
    dark = Paint(labels.TRAIN, palettes.DARK, seed=seed)
    glass = Paint(labels.TRAIN, palettes.GLASS, materials.GLASS, seed=seed, detail=(1.0, 0.0, 0.0))
    canvas.contact(pose, half * 1.2, length * 0.52)
    for index in range(sections):
        start = tail + piece * index + (0.9 if index == 0 else 0.3)
        end = tail + piece * (index + 1) - (0.9 if index == sections - 1 else 0.3)
        canvas.box(pose, (-half, half), (1.15, top), (start, end), upper)
        canvas.box(pose, (-half, half), (0.18, 1.15), (start, end), lower)
        side_panels(canvas, pose, half, (1.3, 2.55), bays(start + 0.1, end - 0.1, 1.3, 0.04), glass)
        side_panels(
            canvas, pose, half, (0.35, 2.6), bays(start + 1.2, end - 1.2, 4.5, 1.6), glass, 0.03
        )
        canvas.box(
            pose,
            (-half * 0.8, half * 0.8),
            (top, top + 0.3),
            (start + 0.5, end - 1.0),
            dark.but(color=palettes.STEEL),
        )
        if index:
            joint = tail + piece * index
            bellows = dark.but(
                material=materials.STRIPES, accent=palettes.BLACK, detail=(0.12, 0.0, 0.0)
            )
            canvas.box(
                pose,
                (-half * 0.92, half * 0.92),
                (0.3, top - 0.1),
                (joint - 0.3, joint + 0.3),
                bellows,
            )
    _ends(canvas, random, pose, (half, top, length / 2.0), upper, lower, glass, lights=lights)
    arm = Paint(labels.TRAIN, palettes.DARK, shadow=False)
    foot, knee, head = (
        pose.point(0.0, top + 0.3, 0.0),
        pose.point(0.0, top + 0.8, 0.9),
        pose.point(0.0, top + 1.4, 0.1),
    )
    canvas.limb(foot, knee, 0.05, 0.05, arm)
    canvas.limb(knee, head, 0.05, 0.05, arm)
    canvas.limb(pose.point(-0.7, top + 1.4, 0.1), pose.point(0.7, top + 1.4, 0.1), 0.04, 0.04, arm)
    return length


def _ends(
    canvas: Canvas,
    random: Random,
    pose: Pose,
    extent: tuple[float, float, float],
    upper: Paint,
    lower: Paint,
    glass: Paint,
    *,
    lights: bool,
) -> None:
    # extent: half width, height, half length. The cabs narrow and lean back.
    half, top, nose = extent
    white = lamp(labels.TRAIN, (250.0, 244.0, 225.0), lights or random.chance(0.5))
    red = lamp(labels.TRAIN, (190.0, 20.0, 18.0), lights)
    line = Paint(
        labels.TRAIN,
        palettes.BLACK,
        materials.SIGN,
        (250.0, 190.0, 60.0),
        upper.seed,
        (4.0, -2.0, 0.0),
        GLOW,
    )
    for way, end, lights_paint in ((1.0, nose, white), (-1.0, -nose, red)):
        base = end - way * 0.9
        face = pose.moved(end)
        panel(canvas, face, (-half * 0.86, half * 0.86), (0.18, 1.25), 0.0, lower)
        for paint, low, high, width, out in (
            (upper, 1.2, top, 0.86, 0.0),
            (glass, 1.35, top - 0.55, 0.8, 0.03),
            (line, top - 0.46, top - 0.14, 0.55, 0.04),
        ):
            share_low, share_high = (low - 1.2) / (top - 1.2), (high - 1.2) / (top - 1.2)
            canvas.patch(
                face.point(-half * width, low, way * (out - 0.9 * share_low)),
                pose.vector(2.0 * half * width, 0.0, 0.0),
                pose.vector(0.0, high - low, -way * 0.9 * (share_high - share_low)),
                paint,
            )
        for side in (-1.0, 1.0):
            for low, high, paint in ((0.18, 1.2, lower), (1.2, top, upper)):
                canvas.quad(
                    pose.point(side * half, low, base),
                    pose.point(side * half * 0.86, low, end),
                    pose.point(side * half, high, base),
                    paint,
                )
        lamps = (half * 0.5, half * 0.76)
        pair(canvas, face, lamps, (0.7, 0.95), way * 0.03, lights_paint, shapes.ELLIPSE)
        panel(canvas, face, (-0.14, 0.14), (0.95, 1.2), way * 0.03, lights_paint, shapes.ELLIPSE)
