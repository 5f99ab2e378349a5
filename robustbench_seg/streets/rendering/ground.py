"""The ground: strips of road, kerb, pavement, grass and paint, laid along the bend of the street.

A strip is a rectangle in street coordinates: s metres to the right of the camera's line, which
bends by `bend` z^2, and z metres ahead. Later strips lie on earlier ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .columns import Strip
from .light import WET, sky_color
from .noise import fractal_noise, lattice, value_noise

ASPHALT, SLABS, COBBLES, GRASS, MARKING, STONE, SOIL, ZEBRA, DASHES, STEEL = range(10)
SKYLINE, BEHIND = 220, 40
"""Length of the skyline in metres, and how much of it lies behind the camera."""


@kernel
def strip_at(s: float, z: float, strips: NDArray[np.float64]) -> int:
    """Return the index of the topmost strip at a place; strip 0 is everywhere."""
    for back in range(strips.shape[0] - 1, 0, -1):
        strip = strips[back]
        left, near = strip[Strip.LEFT], strip[Strip.NEAR]
        if left <= s < strip[Strip.RIGHT] and near <= z < strip[Strip.FAR]:
            material = int(strip[Strip.MATERIAL])
            if material == ZEBRA:
                place = (s - left) / strip[Strip.SIZE]
                if place - np.floor(place) > 0.5:
                    continue
            if material == DASHES:
                place = (z - near) / strip[Strip.SIZE]
                if place - np.floor(place) > strip[Strip.SHARE]:
                    continue
            if material >= MARKING and material in (MARKING, ZEBRA, DASHES):
                worn = fractal_noise(s * 3.0, z * 3.0, int(strip[Strip.SEED]), 3)
                if worn > 0.68:
                    continue
            return back
    return 0


@kernel
def ground_color(
    s: float,
    z: float,
    dx: float,
    dy: float,
    sharp: float,
    strip: NDArray[np.float64],
    light: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Return linear colour and share of emitted light of a strip seen along (dx, dy, 1) at a place.

    sharp is the number of samples a metre has there: detail fades out with it.
    """
    material = int(strip[Strip.MATERIAL])
    seed = int(strip[Strip.SEED])
    r, g, b = strip[Strip.RED], strip[Strip.GREEN], strip[Strip.BLUE]
    r, g, b = r * r / 65025.0, g * g / 65025.0, b * b / 65025.0
    # Along z the ground is foreshortened, so its grain is lost sooner.
    fade = sharp * -dy * 0.05
    if fade > 1.0:
        fade = 1.0
    large = fractal_noise(s * 0.35, z * 0.12, seed, 3)
    fine = value_noise(s * 17.0, z * 17.0, seed + 1) - 0.5
    tone = 0.75 + 0.5 * large
    gloss = 0.0
    if material == ASPHALT:
        tone *= 1.0 + 0.5 * fine * fade
        crack = fractal_noise(s * 0.6, z * 0.3, seed + 2, 3)
        if 0.497 < crack < 0.503 and large > 0.45:
            tone *= 1.0 - 0.35 * fade
        gloss = 0.06
    elif material in (SLABS, COBBLES):
        size = strip[Strip.SIZE]
        row = np.floor(z / size)
        place = s / size + 0.5 * (row - 2.0 * np.floor(row * 0.5))
        column = np.floor(place)
        tone *= 1.0 + (lattice(int(column), int(row), seed) - 0.5) * 0.35 * (0.3 + 0.7 * fade)
        if place - column < 0.06 or z / size - row < 0.06:
            tone *= 1.0 - 0.4 * fade
        tone *= 1.0 + 0.25 * fine * fade
    elif material == GRASS:
        blades = value_noise(s * 23.0, z * 9.0, seed + 3)
        tone *= 0.7 + 0.6 * (0.5 + (blades - 0.5) * (0.3 + 0.7 * fade))
        dry = value_noise(s * 0.8, z * 0.5, seed + 4)
        r *= 0.75 + 0.7 * dry
    elif material == SOIL:
        tone *= 0.8 + 0.4 * value_noise(s * 3.0, z * 3.0, seed + 5) + 0.4 * fine * fade
    elif material == STEEL:
        gloss = 0.5
    elif material == STONE:
        place = z / 1.1
        if place - np.floor(place) < 0.04:
            tone *= 1.0 - 0.4 * fade
    glow = 0.0
    if light[WET] > 0.0 and material != GRASS and material != SOIL:
        puddle = fractal_noise(s * 0.5, z * 0.22, seed + 40, 3) - 0.42
        tone *= 1.0 - 0.35 * light[WET]
        gloss += light[WET] * 0.25
        if puddle > 0.0:
            gloss += light[WET] * min(puddle * 6.0, 0.5)
    if gloss > 0.0:
        flat = 1.0 + dy * 2.0
        if flat < 0.0:
            flat = 0.0
        gloss *= flat
        sky_r, sky_g, sky_b = sky_color(dx, -dy, 1.0, light)
        glow = gloss
        r = r * tone * (1.0 - gloss) + sky_r * gloss
        g = g * tone * (1.0 - gloss) + sky_g * gloss
        b = b * tone * (1.0 - gloss) + sky_b * gloss
    else:
        r *= tone
        g *= tone
        b *= tone
    return r, g, b, glow
