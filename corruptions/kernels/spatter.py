"""Fast path of `weather.spatter`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiling import kernel
from ..normals import draw_normals
from ..smoothing import smooth
from ..weather.canny import edges
from ..weather.distance_transform import distances
from ..weather.spatter import MUD, SPATTER, THINNEST_MUD, TRUNCATE, WATER, Spatter
from .water_relief import relief_light

DRY, WHITE = np.uint8(0), np.float32(255)


def spatter(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return an image, RGB uint8 (H, W, 3), with drops of water or mud on it."""
    return spattered(image, severity, draw_normals(stream, 0, image.shape[:2]))


def spattered(image: NDArray[np.uint8], severity: int, noise: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the image with the drops from standard normal noise (H, W), which is overwritten.

    Smoothing and thresholds are computed in the dtype of the noise.
    """
    c = SPATTER[severity - 1]
    heights = smooth(noise, (c.blur, c.blur), TRUNCATE, "edge", out=noise)
    result = np.array(image, order="C")
    rows = result.reshape(len(result), -1)  # (H, 3 W)
    if c.strength:
        light = water_light(heights, c)
        brightest = int(light.max())
        if brightest > 0:
            red, green, blue = (np.float32(c.strength * part / brightest) for part in WATER)
            _add_water(rows, light, red, green, blue)
    else:
        np.greater(heights, (c.threshold - c.mean) / c.deviation, out=heights)  # 0 or 1
        mud = smooth(heights, (c.edge_blur, c.edge_blur), TRUNCATE, "edge", out=heights)
        _cover(rows, mud, *map(noise.dtype.type, (THINNEST_MUD, *MUD)))
    return result


def water_light(heights: NDArray[Any], c: Spatter) -> NDArray[np.uint16]:
    """Return the light that water adds, uint16 (H, W), from smoothed standard normal noise."""
    liquid = np.empty(heights.shape, np.uint8)
    real = heights.dtype.type
    mean, deviation, threshold = 255.0 * c.mean, 255.0 * c.deviation, 255.0 * c.threshold
    _levels(heights, real(mean), real(deviation), real(threshold), liquid)
    return relief_light(liquid, distances(edges(liquid)))


@kernel
def _levels(
    heights: NDArray[Any], mean: Any, deviation: Any, threshold: Any, liquid: NDArray[np.uint8]
) -> None:
    """Write heights (H, W) truncated to grey levels, and 0 below the threshold."""
    for y in range(liquid.shape[0]):
        row, levels = heights[y], liquid[y]
        for x in range(levels.size):
            height = mean + deviation * row[x]
            levels[x] = np.uint8(np.int32(height)) if height >= threshold else DRY


@kernel
def _add_water(
    rows: NDArray[np.uint8],
    light: NDArray[np.uint16],
    red: np.float32,
    green: np.float32,
    blue: np.float32,
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
def _cover(
    rows: NDArray[np.uint8], mud: NDArray[Any], thinnest: Any, red: Any, green: Any, blue: Any
) -> None:
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
