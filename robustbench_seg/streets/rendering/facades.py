"""The fronts of buildings: storeys of windows over a ground floor of shops and doors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .columns import Patch
from .light import DUSK, HORIZON, ZENITH
from .noise import fractal_noise, lattice, value_noise


@kernel
def mixed(
    patch: NDArray[np.float64], share: float, tone: float
) -> tuple[float, float, float, float]:
    """Return a patch's colour with a share of its accent, times a tone, without emitted light."""
    return (
        (patch[Patch.RED] + (patch[Patch.ACCENT_RED] - patch[Patch.RED]) * share) * tone,
        (patch[Patch.GREEN] + (patch[Patch.ACCENT_GREEN] - patch[Patch.GREEN]) * share) * tone,
        (patch[Patch.BLUE] + (patch[Patch.ACCENT_BLUE] - patch[Patch.BLUE]) * share) * tone,
        0.0,
    )


@kernel
def accent(patch: NDArray[np.float64], tone: float) -> tuple[float, float, float, float]:
    """Return a patch's accent times a tone, without emitted light."""
    return (
        patch[Patch.ACCENT_RED] * tone,
        patch[Patch.ACCENT_GREEN] * tone,
        patch[Patch.ACCENT_BLUE] * tone,
        0.0,
    )


@kernel
def _pane(
    column: int, row: int, level: float, seed: int, light: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    # Glass of one window: a reflection of the sky, curtains, or a lamp behind.
    mood = lattice(column, row, seed + 21)
    if lattice(column, row, seed + 22) < 0.65 * light[DUSK]:
        return 1.0, 0.72 + 0.2 * mood, 0.3 + 0.4 * mood, 0.75
    share = 0.1 + 0.55 * mood * (0.35 + 0.65 * level)
    dark = 0.015 + 0.05 * lattice(column, row, seed + 23)
    if mood < 0.3 and level > 0.45:
        return 0.5, 0.48, 0.42, 0.15
    return (
        dark + (0.5 * (light[HORIZON] + light[ZENITH]) - dark) * share,
        dark + (0.5 * (light[HORIZON + 1] + light[ZENITH + 1]) - dark) * share,
        dark + (0.5 * (light[HORIZON + 2] + light[ZENITH + 2]) - dark) * share,
        0.35,
    )


@kernel
def _wall(
    x: float, y: float, sharp: float, style: float, patch: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    seed = int(patch[Patch.SEED])
    storey = patch[Patch.DETAIL_B]
    tone = 0.82 + 0.3 * fractal_noise(x * 0.5, y * 0.4, seed + 1, 3)
    joint = 0.0
    if style < 0.35:  # bricks
        fade = sharp * 0.04 - 0.3
        fade = 0.0 if fade < 0.0 else (1.0 if fade > 1.0 else fade)
        row = np.floor(y * 7.0)
        place = x * 2.6 + 0.5 * (row - 2.0 * np.floor(row * 0.5))
        column = np.floor(place)
        tone *= 1.0 + (lattice(int(column), int(row), seed) - 0.5) * 0.5 * (0.3 + fade)
        if place - column < 0.08 or y * 7.0 - row < 0.16:
            joint = 0.6 * fade
    elif style < 0.55:  # stone blocks
        row = np.floor(y * 2.0)
        place = x * 1.1 + 0.5 * (row - 2.0 * np.floor(row * 0.5))
        column = np.floor(place)
        tone *= 0.9 + 0.2 * lattice(int(column), int(row), seed)
        if (place - column < 0.03 or y * 2.0 - row < 0.06) and sharp > 12.0:
            tone *= 0.7
    elif style < 0.7 and y / storey - np.floor(y / storey) < 0.03:  # panels
        tone *= 0.6
    tone *= 0.9 + 0.2 * value_noise(x * 9.0, y * 9.0, seed + 2)
    return mixed(patch, joint, tone)


@kernel
def _ground_floor(
    x: float, y: float, sharp: float, patch: NDArray[np.float64], light: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    seed = int(patch[Patch.SEED])
    bay = patch[Patch.DETAIL_A] * 1.6
    place = x / bay
    column = int(np.floor(place))
    inset = place - np.floor(place)
    level = y / patch[Patch.DETAIL_C]
    kind = lattice(column, 3, seed + 31)
    red = lattice(column, 4, seed + 32)
    blue = lattice(column, 5, seed + 33)
    if kind < 0.55:  # a shop: window, fascia with writing
        if level > 0.78 and level < 0.95 and 0.03 < inset < 0.97:
            letter = lattice(int(np.floor(x * 4.0)), column, seed + 34)
            if 0.82 < level < 0.91 and 0.2 < inset < 0.8 and letter > 0.45:
                return 0.9 - 0.8 * red, 0.85, 0.9 - 0.8 * blue, 0.5 * light[DUSK]
            return 0.05 + 0.6 * red * red, 0.05 + 0.3 * kind, 0.05 + 0.6 * blue * blue, 0.1
        if 0.05 < inset < 0.95 and 0.12 < level < 0.76:
            half = inset * 3.0
            if half - np.floor(half) < 0.035:
                return 0.06, 0.06, 0.06, 0.0
            goods = value_noise(x * 3.5, y * 3.0, seed + 35)
            r, g, b, glow = _pane(column, 91, level, seed, light)
            if level < 0.5 and goods > 0.5:
                r += 0.35 * goods * red
                g += 0.3 * goods * kind
                b += 0.35 * goods * blue
            return r, g, b, glow
    elif kind < 0.8:  # a door and a window
        if 0.12 < inset < 0.4 and level < 0.72:
            if level > 0.58:
                return _pane(column, 92, level, seed, light)
            return 0.03 + 0.25 * red, 0.03 + 0.18 * kind * red, 0.02 + 0.2 * blue, 0.0
        if 0.52 < inset < 0.86 and 0.3 < level < 0.74:
            return _pane(column, 93, level, seed, light)
    elif 0.1 < inset < 0.9 and level < 0.72:  # a gate
        rib = y * 4.0
        tone = 0.8 if rib - np.floor(rib) < 0.2 and sharp > 10.0 else 1.0
        return (
            (0.08 + 0.4 * red) * tone,
            (0.08 + 0.35 * red) * tone,
            (0.08 + 0.4 * blue) * tone,
            0.0,
        )
    return _wall(x, y, sharp, 0.5, patch)


@kernel
def facade(
    x: float, y: float, sharp: float, patch: NDArray[np.float64], light: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Return colour and share of emitted light at x, y metres of a front (see materials.surface).

    The patch's details are the width of a bay and the heights of a storey and of the ground floor
    (0: none); its accent colours joints, frames and ledges.
    """
    bay, storey, ground_floor = patch[Patch.DETAIL_A], patch[Patch.DETAIL_B], patch[Patch.DETAIL_C]
    seed = int(patch[Patch.SEED])
    if y < ground_floor:
        return _ground_floor(x, y, sharp, patch, light)
    style = lattice(1, 0, seed)
    bays = np.floor(patch[Patch.WIDTH] / bay + 0.5)
    if bays < 1.0:
        bays = 1.0
    place = x / patch[Patch.WIDTH] * bays
    storeys = np.floor((patch[Patch.HEIGHT] - ground_floor) / storey)
    if storeys < 1.0:
        storeys = 1.0
    height = (patch[Patch.HEIGHT] - ground_floor - 0.5) / storeys
    rise = (y - ground_floor) / height
    if rise >= storeys:  # cornice
        return accent(patch, 0.9)
    column = np.floor(place)
    row = np.floor(rise)
    inset = place - column
    level = rise - row
    wide = 0.16 + 0.2 * lattice(2, 0, seed)
    low = 0.16 + 0.16 * lattice(3, 0, seed)
    high = 0.78 + 0.14 * lattice(4, 0, seed)
    if style > 0.86:  # curtain of glass
        wide, low, high = 0.04, 0.05, 0.92
    if wide < inset < 1.0 - wide and low < level < high:
        across = (inset - wide) / (1.0 - 2.0 * wide)
        up = (level - low) / (high - low)
        frame = 0.07
        framed = not (frame <= across <= 1.0 - frame and frame <= up <= 1.0 - frame)
        framed = framed or (lattice(5, 0, seed) > 0.35 and 0.47 < across < 0.53)
        if framed or (lattice(6, 0, seed) > 0.6 and 0.66 < up < 0.72):
            return accent(patch, 1.0)
        return _pane(int(column), int(row), up, seed, light)
    if low - 0.05 < level <= low and wide - 0.04 < inset < 1.04 - wide:
        return accent(patch, 0.8)
    if (
        lattice(7, 0, seed) > 0.72
        and low < level < high
        and wide * 0.45 < inset < 1.0 - wide * 0.45
    ):  # shutters
        tint = lattice(8, 0, seed)
        return 0.03 + 0.25 * tint, 0.05 + 0.15 * (1.0 - tint), 0.05 + 0.2 * lattice(9, 0, seed), 0.0
    if lattice(10, 0, seed) > 0.6 and level < 0.05:  # a ledge under each storey
        return accent(patch, 0.95)
    return _wall(x, y, sharp, style, patch)
