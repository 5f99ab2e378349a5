"""People: jointed figures, walking, standing, or riding."""

from __future__ import annotations

from dataclasses import dataclass

from ..rendering import materials
from ..rendering.canvas import Canvas, Color, Paint
from ..rendering.geometry import Pose, Vector
from ..rendering.randomness import Random
from . import labels, palettes


@dataclass(frozen=True)
class Posture:
    """Joints of a figure in its own axes (right, up, ahead), in shares of its height.

    Pairs are left, then right.
    """

    hip: Vector
    neck: Vector
    head: Vector
    knees: tuple[Vector, Vector]
    feet: tuple[Vector, Vector]
    elbows: tuple[Vector, Vector]
    hands: tuple[Vector, Vector]


def walking(random: Random) -> Posture:
    """Return a figure in the middle of a step, or standing."""
    step = random.uniform(-0.17, 0.17) if random.chance(0.75) else random.uniform(-0.02, 0.02)
    swing = -step * random.uniform(0.5, 1.0)
    lift = 0.5 if step > 0.0 else -0.5
    bent = random.uniform(0.0, 0.14) if random.chance(0.3) else 0.0
    lean = random.uniform(0.0, 0.02)
    return Posture(
        hip=(0.0, 0.52, 0.0),
        neck=(0.0, 0.82, lean),
        head=(0.0, 0.925, lean + 0.012),
        knees=((-0.05, 0.285, step * 0.55 + 0.02), (0.05, 0.285, -step * 0.55 + 0.02)),
        feet=(
            (-0.05, 0.035 + 0.05 * (lift < 0.0), step),
            (0.05, 0.035 + 0.05 * (lift > 0.0), -step),
        ),
        elbows=((-0.145, 0.635, swing * 0.5), (0.145, 0.635, -swing * 0.5)),
        hands=((-0.14, 0.49 + bent, swing + bent), (0.14, 0.49 + bent, -swing + bent)),
    )


def riding(random: Random, saddle: float, bars: Vector, pedal: float, height: float) -> Posture:
    """Return a figure on a saddle (metres up), hands on the bars, feet about the pedals' height."""
    lean = random.uniform(0.05, 0.22)
    seat = saddle / height + 0.03
    turn = random.uniform(-0.09, 0.09)
    bar_right, bar_up, bar_ahead = (part / height for part in bars)
    foot = pedal / height
    neck = (0.0, seat + 0.3 - 0.25 * lean, lean)
    hips_to_pedal = 0.12
    return Posture(
        hip=(0.0, seat, -0.02),
        neck=neck,
        head=(0.0, neck[1] + 0.105, lean + 0.03),
        knees=(
            (-0.07, (seat + foot) * 0.5 + 0.06 + turn * 0.6, 0.17),
            (0.07, (seat + foot) * 0.5 + 0.06 - turn * 0.6, 0.17),
        ),
        feet=(
            (-0.07, foot + turn, hips_to_pedal - 0.04),
            (0.07, foot - turn, hips_to_pedal - 0.04),
        ),
        elbows=((-0.16, neck[1] - 0.13, lean + 0.06), (0.16, neck[1] - 0.13, lean + 0.06)),
        hands=((-bar_right, bar_up, bar_ahead), (bar_right, bar_up, bar_ahead)),
    )


def _scaled(pose: Pose, height: float, joint: Vector) -> Vector:
    return pose.point(joint[0] * height, joint[1] * height, joint[2] * height)


def figure(
    canvas: Canvas,
    random: Random,
    pose: Pose,
    height: float,
    posture: Posture,
    label: int,
    helmet: Color | None = None,
) -> None:
    """Add a figure of a height in metres."""

    def garment(color: Color) -> Paint:
        stripes = random.uniform(9.0, 18.0) if random.chance(0.15) else 0.0
        accent = palettes.cloth(random)
        return Paint(label, color, materials.CLOTH, accent, random.seed(), (stripes, 0.0, 0.0))

    def place(joint: Vector) -> Vector:
        return _scaled(pose, height, joint)

    top = garment(palettes.cloth(random))
    legs = garment(palettes.cloth(random)).but(detail=(0.0, 0.0, 0.0))
    flesh = Paint(label, palettes.skin(random))
    shoe = Paint(label, palettes.near(random, (50.0, 46.0, 44.0), 30.0))
    locks = Paint(label, palettes.hair(random))
    stout = random.uniform(0.9, 1.2)
    coat = random.chance(0.25) and label == labels.PERSON
    skirt = random.chance(0.15) and label == labels.PERSON
    bare = flesh if skirt or random.chance(0.12) else legs
    hip, neck = posture.hip, posture.neck
    for side, knee, foot in zip((-1.0, 1.0), posture.knees, posture.feet, strict=True):
        joint = (side * 0.045, hip[1], hip[2])
        canvas.limb(place(joint), place(knee), 0.052 * height * stout, 0.036 * height, legs)
        canvas.limb(place(knee), place(foot), 0.036 * height, 0.024 * height, bare)
        toe = (foot[0], foot[1] - 0.012, foot[2] + 0.075)
        canvas.limb(place(foot), place(toe), 0.023 * height, 0.018 * height, shoe)
    chest = (neck[0], neck[1] - 0.075, neck[2])
    canvas.limb(place(hip), place(chest), 0.075 * height * stout, 0.088 * height * stout, top)
    across = 0.085 * stout
    canvas.limb(
        place((-across, neck[1] - 0.05, neck[2])),
        place((across, neck[1] - 0.05, neck[2])),
        0.042 * height,
        0.042 * height,
        top,
    )
    if coat or skirt:
        hem = (0.0, random.uniform(0.3, 0.42), 0.0)
        cloth = top if coat else legs
        canvas.limb(place(hip), place(hem), 0.082 * height * stout, 0.1 * height * stout, cloth)
    sleeve = flesh if random.chance(0.2) else top
    for side, elbow, hand in zip((-1.0, 1.0), posture.elbows, posture.hands, strict=True):
        shoulder = (side * across * 1.25, neck[1] - 0.06, neck[2])
        canvas.limb(place(shoulder), place(elbow), 0.034 * height, 0.027 * height, top)
        canvas.limb(place(elbow), place(hand), 0.027 * height, 0.02 * height, sleeve)
        canvas.limb(place(hand), place(hand), 0.023 * height, 0.023 * height, flesh)
    head = posture.head
    canvas.limb(place(neck), place(head), 0.033 * height, 0.033 * height, flesh)
    canvas.ball(place(head), 0.05 * height, 0.068 * height, flesh)
    cap = locks if helmet is None else Paint(label, helmet, materials.PAINTWORK)
    size = 0.055 if helmet is None else 0.072
    canvas.ball(place((0.0, head[1] + 0.026, head[2] - 0.02)), size * height, size * height, cap)
    if label == labels.PERSON and random.chance(0.35):
        bag = garment(palettes.cloth(random))
        if random.chance(0.5):
            low = chest[1] - 0.16
            canvas.limb(
                place((0.0, low, -0.1)),
                place((0.0, low + 0.15, -0.1)),
                0.07 * height,
                0.06 * height,
                bag,
            )
        else:
            hand = posture.hands[random.integer(0, 1)]
            canvas.box(
                Pose(*_ground(place(hand)), pose.ahead_x, pose.ahead_z),
                (-0.06, 0.06), (height * 0.24, height * 0.44), (-0.17, 0.17), bag,
            )  # fmt: skip


def _ground(point: Vector) -> tuple[float, float]:
    return point[0], point[2]


def person(canvas: Canvas, random: Random, pose: Pose) -> None:
    """Add a person on foot, sometimes a child."""
    height = random.uniform(1.05, 1.45) if random.chance(0.1) else random.uniform(1.58, 1.92)
    canvas.contact(pose, 0.3, 0.34)
    figure(canvas, random, pose, height, walking(random), labels.PERSON)
