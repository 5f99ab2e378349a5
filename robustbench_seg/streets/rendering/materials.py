"""Textures of surfaces, as functions of metres on the patch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .columns import Patch
from .facades import accent, facade, mixed
from .light import DUSK, HORIZON
from .noise import fractal_noise, lattice, value_noise

PLAIN, FACADE, BRICK, STRIPES, LEAF, GLASS, PAINTWORK, SIGN = range(8)
CLOTH, BARK, PLANKS, TILES, CONCRETE = range(8, 13)


@kernel
def bricks(x: float, y: float, seed: int, sharp: float) -> tuple[float, float]:
    """Return tone (about 1) and share of mortar at a place on a wall of unit bricks (2 x 1)."""
    row = np.floor(y)
    shift = x * 0.5 + 0.5 * (row - 2.0 * np.floor(row * 0.5))
    column = np.floor(shift)
    tone = 0.72 + 0.56 * lattice(int(column), int(row), seed)
    inset = shift - column
    level = y - row
    joint = 1.0 if inset < 0.06 or level < 0.13 else 0.0
    fade = sharp * 0.5 - 0.4
    if fade < 0.0:
        fade = 0.0
    if fade > 1.0:
        fade = 1.0
    return 1.0 + (tone - 1.0) * (0.3 + 0.7 * fade), joint * fade + 0.13 * (1.0 - fade)


@kernel
def _sign_face(
    kind: int, u: float, v: float, patch: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    x = 2.0 * u - 1.0
    y = 2.0 * v - 1.0
    across = x if x >= 0.0 else -x
    along = y if y >= 0.0 else -y
    marked = False
    if kind == 0:  # red ring
        marked = x * x + y * y > 0.62
    elif kind == 1:  # triangle with a border
        marked = v < 0.16 or across > (1.0 - v) - 0.24
    elif kind == 2:  # a bar across
        marked = along < 0.2 and across < 0.68
    elif kind == 3:  # an arrow up
        marked = (across < 0.16 and -0.7 < y < 0.3) or (0.1 < y < 0.75 and across < 0.75 - y)
    elif kind == 4:  # lines of writing
        line = v * (3.0 + patch[Patch.DETAIL_B])
        row = np.floor(line)
        word = lattice(int(np.floor(u * 13.0)), int(row), int(patch[Patch.SEED]))
        marked = 0.25 < line - row < 0.75 and 0.08 < u < 0.92 and word > 0.3
        marked = marked or across > 0.95 or along > 0.93
    elif kind == 5:  # the letter P
        marked = (-0.45 < x < -0.15 and along < 0.7) or (
            -0.45 < x < 0.45
            and (0.45 < y < 0.7 or -0.15 < y < 0.1 or (x > 0.2 and -0.15 < y < 0.7))
        )
    else:  # chevrons
        lean = u * 3.0 + (v - 0.5 if v > 0.5 else 0.5 - v)
        marked = lean - np.floor(lean) < 0.5
    return accent(patch, 1.0) if marked else mixed(patch, 0.0, 1.0)


@kernel
def surface(
    u: float,
    v: float,
    distance: float,
    focal: float,
    patch: NDArray[np.float64],
    light: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Return linear red, green, blue and the share of emitted light at a place of a prepared patch.

    focal / distance is the number of samples a metre has there: detail fades out with it.
    """
    detail_a, detail_b = patch[Patch.DETAIL_A], patch[Patch.DETAIL_B]
    material = int(patch[Patch.MATERIAL])
    seed = int(patch[Patch.SEED])
    x = u * patch[Patch.WIDTH]
    y = v * patch[Patch.HEIGHT]
    sharp = focal / distance
    if material == FACADE:
        return facade(x, y, sharp, patch, light)
    if material == SIGN:
        return _sign_face(int(detail_a), u, v, patch)
    tone = 1.0
    mix = 0.0
    if material == PLAIN:
        tone = 0.88 + 0.24 * value_noise(x * 5.0, y * 5.0, seed)
    elif material == BRICK:
        tone, mix = bricks(x / detail_a * 2.0, y / detail_b, seed, sharp * detail_b)
        tone *= 0.75 + 0.5 * fractal_noise(x * 0.7, y * 0.7, seed + 3, 3)
    elif material == STRIPES:
        place = x / detail_a if detail_b == 0.0 else y / detail_a
        mix = 1.0 if place - np.floor(place) < 0.5 else 0.0
        fade = sharp * detail_a * 0.5 - 0.5
        fade = 0.0 if fade < 0.0 else (1.0 if fade > 1.0 else fade)
        mix = 0.5 + (mix - 0.5) * fade
        tone = 0.9 + 0.2 * value_noise(x * 3.0, y * 3.0, seed)
    elif material == LEAF:
        coarse = value_noise(
            x * 2.3 + 0.31 * patch[Patch.ORIGIN_X], y * 2.3 + 0.27 * patch[Patch.ORIGIN_Y], seed
        )
        fine = value_noise(x * 11.0, y * 11.0, seed + 5)
        tone = 0.5 + 0.65 * coarse + 0.8 * fine * fine + 0.3 * v
        mix = 0.6 * value_noise(x * 6.0, y * 6.0, seed + 11)
    elif material == GLASS:
        streak = value_noise(x * 0.8 + y * 0.5 + patch[Patch.ORIGIN_X], y * 0.9, seed)
        share = 0.12 + 0.5 * streak * v
        inside = 0.6 + 0.8 * value_noise(x * 3.0, y * 4.0, seed + 1)
        lit = light[DUSK] * detail_a
        r = patch[Patch.RED] * inside + (light[HORIZON] - patch[Patch.RED] * inside) * share
        g = patch[Patch.GREEN] * inside + (light[HORIZON + 1] - patch[Patch.GREEN] * inside) * share
        b = patch[Patch.BLUE] * inside + (light[HORIZON + 2] - patch[Patch.BLUE] * inside) * share
        return r + 0.55 * lit, g + 0.45 * lit, b + 0.28 * lit, 0.45 + 0.4 * lit
    elif material == PAINTWORK:
        sky = v * v * 0.22 + 0.05
        band = value_noise(x * 0.6 + 0.4 * patch[Patch.ORIGIN_X], y * 2.5, seed)
        sky *= 0.4 + 1.2 * band
        dirt = 1.0 - 0.25 * value_noise(x * 4.0, y * 7.0, seed + 2) * (1.0 - v)
        dim = 0.5 * (light[HORIZON] + light[HORIZON + 2])
        return (
            patch[Patch.RED] * dirt + sky * dim,
            patch[Patch.GREEN] * dirt + sky * dim,
            patch[Patch.BLUE] * dirt + sky * dim,
            0.0,
        )
    elif material == CLOTH:
        fold = value_noise(x * 9.0, y * 4.0, seed)
        tone = 0.7 + 0.6 * fold
        if detail_a > 0.0:
            place = y * detail_a
            mix = 1.0 if place - np.floor(place) < 0.4 else 0.0
    elif material == BARK:
        tone = 0.55 + 0.9 * value_noise(x * 26.0, y * 4.0, seed)
        mix = 0.5 * value_noise(x * 7.0, y * 2.0, seed + 1)
    elif material == PLANKS:
        place = x / detail_a if detail_b == 0.0 else y / detail_a
        plank = np.floor(place)
        tone = 0.7 + 0.5 * lattice(int(plank), 0, seed)
        tone *= 0.85 + 0.3 * value_noise(x * 4.0, y * 4.0, seed)
        if place - plank < 0.1:
            tone *= 0.35
    elif material == TILES:
        row = np.floor(y * 2.5)
        tone = 0.65 + 0.5 * (y * 2.5 - row) + 0.2 * value_noise(x * 3.0, row, seed)
    else:  # CONCRETE: slabs, stains running down, sometimes sprayed
        slab = x / 2.6
        tone = 0.72 + 0.4 * fractal_noise(x * 1.3, y * 1.3, seed, 4)
        tone *= 0.82 + 0.3 * value_noise(x * 5.0, y * 0.6, seed + 9)
        if slab - np.floor(slab) < 0.02:
            tone *= 0.55
        if detail_a > 0.0 and 0.15 < v < 0.75:
            spray = value_noise(x * 1.7, y * 2.2, seed + 4)
            mix = 1.0 if 0.52 < spray < 0.52 + 0.16 * detail_a else 0.0
            mix *= 1.0 if value_noise(x * 0.25, 0.5, seed + 8) > 0.45 else 0.0
    return mixed(patch, mix, tone)
