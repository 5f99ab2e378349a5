"""Fast path of `weather.spatter`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, Float32, Int64, Uint8, Uint16
from ..compiling import kernel
from ..normals import draw_normals
from ..severity_table import Strength
from ..smoothing import smooth
from ..weather.canny import edges
from ..weather.distance_transform import distances
from ..weather.spatter import (
    MUD,
    SPATTER,
    THINNEST_MUD,
    TRUNCATE,
    WATER,
    Spatter,
    equalization,
)

DRY, WHITE = np.uint8(0), np.float32(255)
NINTH, HALF_OF_9, NINE = 1.0 / 9.0, np.int32(4), np.int32(9)


def spatter(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), with drops of water or mud on it."""
    return spattered(image, strength, draw_normals(stream, 0, image.shape[:2]))


def spattered(image: Uint8, strength: Strength, noise: Array) -> Uint8:
    """Return the image with the drops from standard normal noise (H, W), which is overwritten.

    Smoothing and thresholds are computed in the dtype of the noise.
    """
    c, real = Spatter(*SPATTER.at(strength)), noise.dtype.type
    heights = smooth(noise, (c.blur, c.blur), TRUNCATE, "edge", out=noise)
    result = np.array(image, order="C")
    rows = result.reshape(len(result), -1)  # (H, 3 W)
    if not c.mud:
        liquid = np.empty(heights.shape, np.uint8)
        mean, deviation, threshold = 255.0 * c.mean, 255.0 * c.deviation, 255.0 * c.threshold
        _levels(heights, real(mean), real(deviation), real(threshold), liquid)
        light = relief_light(liquid, distances(edges(liquid)))
        brightest = int(light.max())
        if brightest > 0:
            red, green, blue = (np.float32(c.brightness * part / brightest) for part in WATER)
            _add_water(rows, light, red, green, blue)
    else:
        np.greater(heights, (c.threshold - c.mean) / c.deviation, out=heights)  # 0 or 1
        mud = smooth(heights, (c.edge_blur, c.edge_blur), TRUNCATE, "edge", out=heights)
        _cover(rows, mud, *map(real, (THINNEST_MUD, *MUD)))
    return result


@kernel
def _levels(heights: Array, mean: Any, deviation: Any, threshold: Any, liquid: Uint8) -> None:
    """Write heights (H, W) truncated to grey levels, and 0 below the threshold."""
    for y in range(liquid.shape[0]):
        row, levels = heights[y], liquid[y]
        for x in range(levels.size):
            height = mean + deviation * row[x]
            levels[x] = np.uint8(np.int32(height)) if height >= threshold else DRY


def relief_light(liquid: Uint8, distances: Float32) -> Uint16:
    """Return liquid times relief, uint16 (H, W), from liquid (H, W) in grey levels.

    The distances to the edges, up to 20, have a border of two pixels: (H + 4, W + 4).
    """
    levels = np.empty(liquid.shape, np.uint8)
    _mean_of_distances(distances, levels)
    _replace(levels.reshape(-1), equalization(_count(levels.reshape(-1))))
    relief = np.empty_like(levels)
    _emboss(np.pad(levels, 1, mode="reflect"), relief)
    light = np.empty(liquid.shape, np.uint16)
    _mean_times(np.pad(relief, 1, mode="reflect"), liquid, light)
    return light


@kernel
def _count(levels: Uint8) -> Int64:
    """Return the histogram (256,) of levels (N,).

    Two counters take turns, since equal neighbours would wait for each other in one.
    """
    even, odd = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for i in range(0, levels.size - 1, 2):
        even[levels[i]] += 1
        odd[levels[i + 1]] += 1
    if levels.size % 2 == 1:
        even[levels[-1]] += 1
    return even + odd


@kernel
def _replace(levels: Uint8, table: Uint8) -> None:
    """Replace each of the levels (N,) by its entry in a table (256,)."""
    for i in range(levels.size):
        levels[i] = table[levels[i]]


@kernel
def _mean_of_distances(distances: Float32, levels: Uint8) -> None:
    """Write the means of 3 x 3 distances, mirrored at the edges, truncated to levels (H, W).

    They are rounded to float32 before, as in OpenCV.
    """
    height, width = levels.shape
    sums = np.empty(width + 2)
    for y in range(height):
        above = min(abs(y - 1), height - 1)
        below = max(0, height - 1 - abs(height - 2 - y))
        upper, row, lower = distances[above + 2], distances[y + 2], distances[below + 2]
        for x in range(width):
            total = np.float64(upper[x + 2]) + np.float64(row[x + 2]) + np.float64(lower[x + 2])
            sums[x + 1] = total
        sums[0], sums[width + 1] = sums[min(2, width)], sums[max(1, width - 1)]
        for x in range(width):
            mean = np.float32((sums[x] + sums[x + 1] + sums[x + 2]) * NINTH)
            levels[y, x] = np.uint8(np.int32(mean))


@kernel
def _emboss(padded: Uint8, relief: Uint8) -> None:
    """Write a plane (H + 2, W + 2) filtered by -2 -1 0, -1 1 1, 0 1 2, and clipped to 0 .. 255."""
    for y in range(relief.shape[0]):
        above, row, below, result = padded[y], padded[y + 1], padded[y + 2], relief[y]
        for x in range(result.size):
            lit = np.int32(row[x + 1]) + row[x + 2] + below[x + 1] + 2 * np.int32(below[x + 2])
            dark = 2 * np.int32(above[x]) + above[x + 1] + row[x]
            result[x] = np.uint8(min(max(lit - dark, 0), 255))


@kernel
def _mean_times(padded: Uint8, liquid: Uint8, light: Uint16) -> None:
    """Write the rounded means of 3 x 3 levels of a plane (H + 2, W + 2), times the liquid."""
    sums = np.empty(padded.shape[1], np.int32)
    for y in range(liquid.shape[0]):
        above, row, below = padded[y], padded[y + 1], padded[y + 2]
        for x in range(sums.size):
            sums[x] = np.int32(above[x]) + np.int32(row[x]) + np.int32(below[x])
        levels, result = liquid[y], light[y]
        for x in range(levels.size):
            mean = np.int32(sums[x] + sums[x + 1] + sums[x + 2] + HALF_OF_9) // NINE
            result[x] = np.uint16(mean * levels[x])


@kernel
def _add_water(
    rows: Uint8, light: Uint16, red: np.float32, green: np.float32, blue: np.float32
) -> None:
    """Add light (H, W) times a colour to rows (H, 3 W), up to white."""
    for y in range(rows.shape[0]):
        row, lights = rows[y], light[y]
        for x in range(lights.size):
            added = np.float32(lights[x])
            row[3 * x] = _up_to_white(np.float32(row[3 * x]) + added * red)
            row[3 * x + 1] = _up_to_white(np.float32(row[3 * x + 1]) + added * green)
            row[3 * x + 2] = _up_to_white(np.float32(row[3 * x + 2]) + added * blue)


@kernel
def _up_to_white(value: np.float32) -> np.uint8:
    """Return a number that is not negative truncated to a grey level."""
    return np.uint8(np.int32(value if value < WHITE else WHITE))


@kernel
def _cover(rows: Uint8, mud: Array, thinnest: Any, red: Any, green: Any, blue: Any) -> None:
    """Mix a colour into rows (H, 3 W) with the opacity of the mud (H, W), from 0 to 1."""
    one, none = mud.dtype.type(1), mud.dtype.type(0)
    for y in range(rows.shape[0]):
        row, muds = rows[y], mud[y]
        for x in range(muds.size):
            share = muds[x] if muds[x] >= thinnest else none
            rest = one - share
            row[3 * x] = np.uint8(np.int32(row[3 * x] * rest + red * share))
            row[3 * x + 1] = np.uint8(np.int32(row[3 * x + 1] * rest + green * share))
            row[3 * x + 2] = np.uint8(np.int32(row[3 * x + 2] * rest + blue * share))
