"""Colour and class of each sample: textures, light, shadow and haze."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .camera import Hood, Lens
from .canvas import BALL, CYLINDER, GLOW
from .columns import House, Patch, Strip
from .ground import BEHIND, SKYLINE, ground_color, strip_at
from .light import AMBIENT, EXPOSURE, HORIZON, SHADOWS, SUN, SUN_COLOR, haze_share, sky_color
from .materials import surface
from .raster import meet

SKY_LABEL = 10
IGNORE_LABEL = 255
SCALE = 4080
"""The value of white in the samples, 16 times that of the finished image."""


@kernel
def _encode(value: float, exposure: float) -> int:
    # A film-like curve, then the square root for the eye (gamma 2, which IEEE defines exactly).
    value = value * exposure
    if value < 0.0:
        value = 0.0
    value = value * (1.0 + value * 0.16) / (1.0 + value * 0.75)
    if value > 1.0:
        value = 1.0
    return int(np.sqrt(value) * SCALE + 0.5)


@kernel
def _in_shadow(
    s: float, y: float, z: float, skyline: NDArray[np.float64], light: NDArray[np.float64]
) -> bool:
    # Whether the houses on the sunny side hide the sun from a point in street coordinates.
    side = 1 if light[SUN] > 0.0 else 0
    east = light[SUN]
    if -0.02 < east < 0.02:
        return False
    place = int(z) + BEHIND
    if not 0 <= place < SKYLINE:
        return False
    steps = (skyline[side, place, House.FRONT] - s) / east
    if steps < 0.3:
        return False
    place = int(np.floor(z + steps * light[SUN + 2])) + BEHIND
    if not 0 <= place < SKYLINE:
        return False
    steps = (skyline[side, place, House.FRONT] - s) / east
    if steps < 0.3:
        return False
    return bool(y + steps * light[SUN + 1] < skyline[side, place, House.ROOF])


@kernel
def _patch_color(
    dx: float,
    dy: float,
    t: float,
    focal: float,
    patch: NDArray[np.float64],
    plane: NDArray[np.float64],
    camera_height: float,
    bend: float,
    skyline: NDArray[np.float64],
    light: NDArray[np.float64],
) -> tuple[float, float, float]:
    _, u, v = meet(plane, dx, dy)
    r, g, b, glow = surface(u, v, t, focal, patch, light)
    form = int(patch[Patch.FORM])
    if form == GLOW:
        return r, g, b
    nx, ny, nz = patch[Patch.NORMAL_X], patch[Patch.NORMAL_Y], patch[Patch.NORMAL_Z]
    x = 2.0 * u - 1.0
    if form == CYLINDER:
        out = np.sqrt(max(1.0 - x * x, 0.0))
        nx = nx * out + patch[Patch.U_X] / patch[Patch.WIDTH] * x
        ny = ny * out + patch[Patch.U_Y] / patch[Patch.WIDTH] * x
        nz = nz * out + patch[Patch.U_Z] / patch[Patch.WIDTH] * x
    elif form == BALL:
        y = 2.0 * v - 1.0
        out = np.sqrt(max(1.0 - x * x - y * y, 0.0))
        nx = nx * out + patch[Patch.U_X] / patch[Patch.WIDTH] * x
        ny = ny * out + y
        nz = nz * out + patch[Patch.U_Z] / patch[Patch.WIDTH] * x
    direct = nx * light[SUN] + ny * light[SUN + 1] + nz * light[SUN + 2]
    if direct < 0.0:
        direct = 0.0
    height = t * dy + camera_height
    if light[SHADOWS] > 0.0 and _in_shadow(dx * t - bend * t * t, height, t, skyline, light):
        direct = 0.0
    near_ground = 0.7 + 0.3 * min(max(height, 0.0), 1.5) / 1.5
    open_sky = (0.72 + 0.28 * ny) * near_ground
    keep = 1.0 - glow
    return (
        r * (keep * (light[AMBIENT] * open_sky + light[SUN_COLOR] * direct) + glow),
        g * (keep * (light[AMBIENT + 1] * open_sky + light[SUN_COLOR + 1] * direct) + glow),
        b * (keep * (light[AMBIENT + 2] * open_sky + light[SUN_COLOR + 2] * direct) + glow),
    )


@kernel
def shade(
    patches: NDArray[np.float64],
    planes: NDArray[np.float64],
    strips: NDArray[np.float64],
    skyline: NDArray[np.float64],
    bend: float,
    camera_height: float,
    lens: Lens,
    light: NDArray[np.float64],
    hood: Hood,
    depth: NDArray[np.float64],
    owner: NDArray[np.int32],
    labelled: NDArray[np.int32],
    sunless: NDArray[np.uint8],
    darkness: NDArray[np.float64],
    samples: NDArray[np.int32],
    labels: NDArray[np.uint8],
) -> None:
    """Write the colour, int32 (H, W, 3) up to SCALE, and the class, uint8 (H, W), of each sample.

    sunless marks the samples of ground in shadow; darkness multiplies the light of the sky there.
    """
    height, width = depth.shape
    for row in range(height):
        dy = (lens.row - row - 0.5) / lens.focal
        for column in range(width):
            dx = (column + 0.5 - lens.column) / lens.focal
            aside = ((column + 0.5) / width - hood.center) / hood.half_width
            rim = hood.height * (1.0 - aside * aside * aside * aside * 0.6)
            up = (height - row - 0.5) / height
            index = owner[row, column]
            t = depth[row, column]
            glow = 0.0
            if up < rim:
                labels[row, column] = IGNORE_LABEL
                bright = 0.25 + 0.75 * (up / rim) * (up / rim)
                sky_r, sky_g, sky_b = sky_color(dx, 1.2 - up / rim, 0.4, light)
                r = hood.red * (light[AMBIENT] + 0.5 * light[SUN_COLOR]) + sky_r * 0.3 * bright
                g = (
                    hood.green * (light[AMBIENT + 1] + 0.5 * light[SUN_COLOR + 1])
                    + sky_g * 0.3 * bright
                )
                b = (
                    hood.blue * (light[AMBIENT + 2] + 0.5 * light[SUN_COLOR + 2])
                    + sky_b * 0.3 * bright
                )
                t = 0.0
            elif index >= 0:
                r, g, b = _patch_color(
                    dx,
                    dy,
                    t,
                    lens.focal,
                    patches[index],
                    planes[index],
                    camera_height,
                    bend,
                    skyline,
                    light,
                )
                labels[row, column] = np.uint8(patches[labelled[row, column], Patch.LABEL])
            elif dy < 0.0 and t < 400.0:
                s = dx * t - bend * t * t
                which = strip_at(s, t, strips)
                strip = strips[which]
                r, g, b, glow = ground_color(s, t, dx, dy, lens.focal / t, strip, light)
                open_sky = darkness[row, column]
                sun = 0.0 if sunless[row, column] else light[SUN + 1] * (0.5 + 0.5 * open_sky)
                keep = 1.0 - glow
                r *= keep * (light[AMBIENT] * open_sky + light[SUN_COLOR] * sun) + glow
                g *= keep * (light[AMBIENT + 1] * open_sky + light[SUN_COLOR + 1] * sun) + glow
                b *= keep * (light[AMBIENT + 2] * open_sky + light[SUN_COLOR + 2] * sun) + glow
                labels[row, column] = np.uint8(strip[Strip.LABEL])
            else:
                r, g, b = sky_color(dx, dy if dy > 0.0 else 0.0, 1.0, light)
                t = 0.0
                labels[row, column] = SKY_LABEL
            if index < 0 and up >= rim and labelled[row, column] >= 0:
                labels[row, column] = np.uint8(patches[labelled[row, column], Patch.LABEL])
            veil = haze_share(t, light)
            r += (light[HORIZON] * 0.9 - r) * veil
            g += (light[HORIZON + 1] * 0.9 - g) * veil
            b += (light[HORIZON + 2] * 0.9 - b) * veil
            samples[row, column, 0] = _encode(r, light[EXPOSURE])
            samples[row, column, 1] = _encode(g, light[EXPOSURE])
            samples[row, column, 2] = _encode(b, light[EXPOSURE])
