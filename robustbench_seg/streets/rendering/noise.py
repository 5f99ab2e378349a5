"""Integer value noise: the grain of every surface."""

from __future__ import annotations

import numpy as np

from ...corruptions.compiling import kernel

_X = np.uint64(0x9E3779B97F4A7C15)
_Y = np.uint64(0xC2B2AE3D27D4EB4F)
_SEED = np.uint64(0x165667B19E3779F9)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_TOP = np.uint64(40)
_UNIT = 1.0 / 16777216.0


@kernel
def lattice(column: int, row: int, seed: int) -> float:
    """Return the random number in [0, 1) that belongs to a point of an integer grid."""
    mixed = np.uint64(column) * _X ^ np.uint64(row) * _Y ^ np.uint64(seed) * _SEED
    mixed = (mixed ^ (mixed >> _HALF)) * _MIX
    mixed = (mixed ^ (mixed >> _HALF)) * _MIX
    return float(mixed >> _TOP) * _UNIT


@kernel
def value_noise(x: float, y: float, seed: int) -> float:
    """Return smooth noise in [0, 1) with one grid cell a unit."""
    left = np.floor(x)
    low = np.floor(y)
    tx = x - left
    ty = y - low
    column = int(left)
    row = int(low)
    tx = tx * tx * (3.0 - 2.0 * tx)
    ty = ty * ty * (3.0 - 2.0 * ty)
    a = lattice(column, row, seed)
    b = lattice(column + 1, row, seed)
    c = lattice(column, row + 1, seed)
    d = lattice(column + 1, row + 1, seed)
    bottom = a + (b - a) * tx
    top = c + (d - c) * tx
    return float(bottom + (top - bottom) * ty)


@kernel
def fractal_noise(x: float, y: float, seed: int, octaves: int) -> float:
    """Return a sum of octaves of value noise, each half as large and twice as fine, in [0, 1)."""
    total = 0.0
    weight = 0.0
    amplitude = 1.0
    for octave in range(octaves):
        total += amplitude * value_noise(x, y, seed + 131 * octave)
        weight += amplitude
        amplitude *= 0.5
        x *= 2.03
        y *= 2.03
    return total / weight
