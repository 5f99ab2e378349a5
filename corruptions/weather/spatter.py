"""Spatter: drops on the lens, of water at severities 1 to 3 and of mud at 4 and 5.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

Where smoothed noise rises above a threshold is liquid. Mud hides what is behind it. Water
shines where the light falls through it, which the published form makes of the distances to the
edges of the drops in ten steps of OpenCV. They are written out here: OpenCV is not needed, and its
next build changes no pixel. Equalizing the histogram of the distances magnifies their rounding, so
that other builds than the usual one for x86 differ from it, and from this, here and there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel
from ..normals import fill_normals
from ..smoothing import smooth
from .canny import edges
from .distance_transform import distances
from .water_relief import shine


@dataclass(frozen=True)
class Spatter:
    """The noise, what of it is liquid, and how that looks: as water, or as mud."""

    mean: float
    deviation: float
    blur: float  # of the noise, in pixels
    threshold: float
    strength: float = 0.0  # of water, where it is brightest
    edge_blur: float = 0.0  # of mud, in pixels


SPATTER = (
    Spatter(0.65, 0.3, 4.0, 0.69, strength=0.6),
    Spatter(0.65, 0.3, 3.0, 0.68, strength=0.6),
    Spatter(0.65, 0.3, 2.0, 0.68, strength=0.5),
    Spatter(0.65, 0.3, 1.0, 0.65, edge_blur=1.5),
    Spatter(0.67, 0.4, 1.0, 0.65, edge_blur=1.5),
)
"""By severity."""

WATER = (175, 238, 238)
"""Its colour, pale turquoise, as RGB."""

MUD = (63, 42, 20)
"""Its colour, brown, as RGB."""

THINNEST_MUD = 0.8
"""Where there is less of it, between 0 and 1, there is none."""

TRUNCATE = 4.0
"""The deviations after which the blurs end."""

DRY, WHITE = np.uint8(0), np.float32(255)


def spatter(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return an image, RGB uint8 (H, W, 3), with drops of water or mud on it.

    A small image may get no drop at all: it stays as it is.
    """
    noise = np.empty(image.shape[:2], np.float32)
    fill_normals(np.uint64(stream), 0, noise.reshape(-1))
    return spattered(image, severity, noise)


def spattered(image: NDArray[np.uint8], severity: int, noise: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the image with the drops that come from standard normal noise (H, W).

    It is x + s w / max(w) colour under water of light w, and x (1 - m) + m colour under mud m.
    Smoothing and thresholds are computed in the type of the noise, whose memory they use.
    """
    c = SPATTER[severity - 1]
    heights = smooth(noise, (c.blur, c.blur), TRUNCATE, "edge", out=noise)
    result = np.array(image, order="C")
    rows = result.reshape(len(result), -1)  # (H, 3 W)
    if c.strength:
        light = light_of_water(heights, c)
        brightest = int(light.max())
        if brightest > 0:
            red, green, blue = (np.float32(c.strength * part / brightest) for part in WATER)
            _add_water(rows, light, red, green, blue)
    else:
        np.greater(heights, (c.threshold - c.mean) / c.deviation, out=heights)  # 0 or 1
        mud = smooth(heights, (c.edge_blur, c.edge_blur), TRUNCATE, "edge", out=heights)
        _cover(rows, mud, *map(noise.dtype.type, (THINNEST_MUD, *MUD)))
    return result


def light_of_water(heights: NDArray[Any], c: Spatter) -> NDArray[np.uint16]:
    """Return how much light water adds, uint16 (H, W), from smoothed standard normal noise."""
    liquid = np.empty(heights.shape, np.uint8)
    real = heights.dtype.type
    mean, deviation, threshold = 255.0 * c.mean, 255.0 * c.deviation, 255.0 * c.threshold
    _levels(heights, real(mean), real(deviation), real(threshold), liquid)
    return shine(liquid, distances(edges(liquid)))


@kernel
def _levels(
    heights: NDArray[Any], mean: Any, deviation: Any, threshold: Any, liquid: NDArray[np.uint8]
) -> None:
    """Cut heights off to grey levels; what is below the threshold is dry, 0."""
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
    """Return a number that is not negative cut off to a grey level."""
    return np.uint8(np.int32(value if value < WHITE else WHITE))


@kernel
def _cover(
    rows: NDArray[np.uint8], mud: NDArray[Any], thinnest: Any, red: Any, green: Any, blue: Any
) -> None:
    """Mix a colour with rows (H, 3 W): as much of it as there is mud (H, W), from 0 to 1."""
    one, none = mud.dtype.type(1), mud.dtype.type(0)
    for y in range(rows.shape[0]):
        row, muds = rows[y], mud[y]
        for x in range(muds.size):
            share = muds[x] if muds[x] >= thinnest else none
            rest = one - share
            row[3 * x] = np.uint8(np.int32(row[3 * x] * rest + red * share))
            row[3 * x + 1] = np.uint8(np.int32(row[3 * x + 1] * rest + green * share))
            row[3 * x + 2] = np.uint8(np.int32(row[3 * x + 2] * rest + blue * share))
