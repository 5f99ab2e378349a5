"""Daylight: sun, sky and haze of a scene."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .noise import fractal_noise
from .randomness import Random

SUN, SUN_COLOR, AMBIENT, ZENITH, HORIZON = 0, 3, 6, 9, 12
HAZE, EXPOSURE, DUSK, CLOUDS, WET, SEED, SHADOWS = 15, 16, 17, 18, 19, 20, 21
"""Start of each quantity in the array of a scene's light; colours are linear."""

# By kind of light: height of the sun, strength of the sun, of the sky's light, and of the sky.
_KINDS = {
    "noon": (1.5, 1.35, 0.3, 0.95),
    "low": (0.5, 1.3, 0.24, 0.9),
    "overcast": (2.0, 0.25, 0.62, 1.0),
    "dusk": (0.35, 0.1, 0.3, 0.42),
}


def daylight(random: Random) -> NDArray[np.float64]:
    """Draw the light of a scene, float64 (22,): noon, low sun, overcast or dusk."""
    kind = random.choice(("noon", "noon", "noon", "low", "low", "overcast", "overcast", "dusk"))
    light = np.zeros(22)
    rise, strong, soft, bright = _KINDS[kind]
    rise *= random.uniform(0.7, 1.5)
    east = random.uniform(-1.0, 1.0)
    north = random.uniform(-1.0, 0.6)
    flat = sqrt(east * east + north * north) + 1e-3
    size = sqrt(1.0 + rise * rise)
    light[SUN : SUN + 3] = (east / flat / size, rise / size, north / flat / size)
    warm = random.uniform(-0.05, 0.12) + (0.25 if kind == "low" else 0.0)
    strong *= random.uniform(0.75, 1.15)
    light[SUN_COLOR : SUN_COLOR + 3] = (
        strong * (1.0 + warm),
        strong * (1.0 - 0.2 * warm),
        strong * (1.0 - 1.4 * warm),
    )
    soft *= random.uniform(0.85, 1.2)
    blue = random.uniform(0.0, 0.12) if kind == "overcast" else random.uniform(0.04, 0.3)
    light[AMBIENT : AMBIENT + 3] = (soft * (1.0 - blue), soft, soft * (1.0 + blue))
    bright *= random.uniform(0.75, 1.2)
    deep = random.uniform(0.0, 0.1) if kind == "overcast" else random.uniform(0.2, 0.85)
    light[ZENITH : ZENITH + 3] = (
        bright * (0.95 - 0.85 * deep),
        bright * (0.97 - 0.6 * deep),
        bright * (1.0 - 0.15 * deep),
    )
    glow = random.uniform(0.15, 0.6) if kind in ("low", "dusk") else random.uniform(-0.06, 0.1)
    light[HORIZON : HORIZON + 3] = (
        bright * (0.95 + 0.25 * glow),
        bright * (0.95 - 0.12 * glow),
        bright * (0.97 - 0.6 * glow),
    )
    light[HAZE] = (
        random.uniform(0.0003, 0.003) if random.chance(0.75) else random.uniform(0.003, 0.007)
    )
    light[EXPOSURE] = random.uniform(0.8, 1.5) * (1.35 if kind == "dusk" else 1.0)
    light[DUSK] = random.uniform(0.5, 1.0) if kind == "dusk" else random.uniform(0.0, 0.12)
    light[CLOUDS] = random.uniform(0.0, 0.75) if kind != "overcast" else random.uniform(0.4, 1.0)
    light[WET] = random.uniform(0.4, 1.0) if random.chance(0.22) else 0.0
    light[SEED] = random.seed()
    light[SHADOWS] = float(kind in ("noon", "low"))
    return light


@kernel
def sky_color(
    dx: float, dy: float, dz: float, light: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the linear colour of the sky in a direction (any length, dy upwards)."""
    size = np.sqrt(dx * dx + dy * dy + dz * dz)
    up = dy / size
    if up < 0.0:
        up = 0.0
    fade = 1.0 - up
    fade = fade * fade
    fade = fade * fade
    r = light[ZENITH] + (light[HORIZON] - light[ZENITH]) * fade
    g = light[ZENITH + 1] + (light[HORIZON + 1] - light[ZENITH + 1]) * fade
    b = light[ZENITH + 2] + (light[HORIZON + 2] - light[ZENITH + 2]) * fade
    scale = 1.0 / (dy / size + 0.09)
    x = dx / size * scale
    z = dz / size * scale
    seed = int(light[SEED])
    cloud = fractal_noise(x * 0.9, z * 0.9, seed, 4) + 0.55 * light[CLOUDS] - 0.72
    if cloud > 0.0:
        cover = cloud * 5.0
        if cover > 1.0:
            cover = 1.0
        cover *= 0.9
        tone = 1.05 - 0.75 * cloud
        white = (light[HORIZON] + light[HORIZON + 1] + light[HORIZON + 2]) / 3.0 * tone
        r += (0.5 * white + 0.5 * light[HORIZON] * tone - r) * cover
        g += (0.5 * white + 0.5 * light[HORIZON + 1] * tone - g) * cover
        b += (0.5 * white + 0.5 * light[HORIZON + 2] * tone - b) * cover
    near_sun = (dx * light[SUN] + dy * light[SUN + 1] + dz * light[SUN + 2]) / size
    if near_sun > 0.0:
        near_sun = near_sun * near_sun
        near_sun = near_sun * near_sun
        near_sun = near_sun * near_sun
        near_sun = near_sun * near_sun * light[SHADOWS] * 0.6
        r += light[SUN_COLOR] * near_sun
        g += light[SUN_COLOR + 1] * near_sun
        b += light[SUN_COLOR + 2] * near_sun
    return r, g, b


@kernel
def haze_share(distance: float, light: NDArray[np.float64]) -> float:
    """Return the share of haze in the colour of a surface at a distance in metres."""
    thick = distance * light[HAZE]
    return float(1.0 - 1.0 / (1.0 + thick + 0.5 * thick * thick))
