"""Trees, bushes and hedges: clusters of ragged leafy balls on trunks."""

from __future__ import annotations

from ..rendering import materials, shapes
from ..rendering.canvas import Canvas, Color, Paint
from ..rendering.geometry import Pose
from ..rendering.randomness import Random
from . import labels, palettes


def _foliage(random: Random, color: Color) -> Paint:
    dark = (color[0] * 0.5, color[1] * 0.55, color[2] * 0.5)
    return Paint(labels.VEGETATION, color, materials.LEAF, dark, random.seed())


def _crown(
    canvas: Canvas,
    random: Random,
    pose: Pose,
    middle: float,
    size: tuple[float, float],
    count: int,
    paint: Paint,
) -> None:
    # Balls of leaves inside an ellipsoid with half axes size (across, up).
    for _ in range(count):
        x, y, z = (random.uniform(-1.0, 1.0) for _ in range(3))
        while x * x + y * y + z * z > 1.0:
            x, y, z = (random.uniform(-1.0, 1.0) for _ in range(3))
        radius = size[0] * random.uniform(0.32, 0.55)
        center = pose.point(x * size[0] * 0.75, middle + y * size[1] * 0.75, z * size[0] * 0.75)
        shade = 0.75 + 0.3 * (y + 1.0) / 2.0 + random.uniform(-0.08, 0.08)
        red, green, blue = paint.color
        leaf = paint.but(color=(red * shade, green * shade, blue * shade), seed=random.seed())
        canvas.ball(center, radius, radius * 0.92, leaf, shapes.LEAVES, 0.55, 7.0)


def tree(canvas: Canvas, random: Random, pose: Pose, autumn: float, *, tall: float = 1.0) -> None:
    """Add a tree; autumn in [0, 1] is the share of turned crowns. Far trees have fewer balls."""
    height = random.uniform(5.0, 11.0) * tall
    girth = random.uniform(0.12, 0.26)
    clear = height * random.uniform(0.2, 0.38)
    bark = Paint(
        labels.VEGETATION,
        palettes.near(random, (92.0, 78.0, 64.0), 22.0),
        materials.BARK,
        (70.0, 74.0, 56.0),
        random.seed(),
    )
    canvas.contact(pose, 0.5, 0.5)
    lean = random.uniform(-0.3, 0.3)
    crotch = pose.point(lean * 0.5, clear, 0.0)
    canvas.limb(pose.point(0.0, -0.1, 0.0), crotch, girth, girth * 0.8, bark)
    for _ in range(3 if pose.z < 45.0 else 1):
        end = pose.point(
            random.uniform(-1.4, 1.4), clear + (height - clear) * 0.5, random.uniform(-1.0, 1.0)
        )
        canvas.limb(crotch, end, girth * 0.6, girth * 0.25, bark)
    paint = _foliage(random, palettes.leaves(random, autumn))
    wide = random.uniform(0.26, 0.42) * height * (0.6 if random.chance(0.2) else 1.0)
    count = 26 if pose.z < 18.0 else (18 if pose.z < 45.0 else 9)
    middle = (clear + height) / 2.0
    _crown(canvas, random, pose, middle, (wide, (height - clear) * 0.6), count, paint)


def bush(canvas: Canvas, random: Random, pose: Pose, autumn: float) -> None:
    """Add a bush."""
    size = random.uniform(0.5, 1.3)
    paint = _foliage(random, palettes.leaves(random, autumn * 0.6))
    canvas.contact(pose, size, size)
    _crown(canvas, random, pose, size * 0.75, (size, size * 0.9), 6 if pose.z < 45.0 else 3, paint)


def hedge(canvas: Canvas, random: Random, start: Pose, end: Pose, height: float) -> None:
    """Add a clipped hedge between two places."""
    paint = _foliage(random, palettes.leaves(random, 0.1))
    along_x, along_z = end.x - start.x, end.z - start.z
    side = start.vector(0.5, 0.0, 0.0)
    canvas.patch((start.x, 0.0, start.z), (along_x, 0.0, along_z), (0.0, height, 0.0), paint)
    canvas.patch((start.x, 0.0, start.z), side, (0.0, height, 0.0), paint)
    canvas.patch((start.x, height, start.z), (along_x, 0.0, along_z), side, paint)
    steps = int(abs(along_z) / 0.9) + 1 if start.z < 40.0 else 0
    for index in range(steps):
        share = (index + 0.5) / steps
        center = (start.x + along_x * share, height * 0.92, start.z + along_z * share)
        canvas.ball(center, 0.6, 0.28, paint, shapes.LEAVES, 0.6, 8.0)
