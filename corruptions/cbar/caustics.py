"""Caustic refraction: the image seen through moving water, with light bundled by its waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Float64, Uint8
from ..compiling import kernel
from ..elementary import TURN, level, power, sine
from ..randomness import draw_uniforms
from ..severity_table import Parameter, SeverityTable, Strength
from ..smoothing import smooth

CAUSTIC_REFRACTION = SeverityTable(Parameter("lens", (0.235, 0.32, 0.49, 0.66, 0.915), 0, 10))
"""Strength of the lens, where half of the shorter side is 1, and half the light."""

INDEX = 4.0
"""Index of refraction."""

STEEPEST_FLAT = 1.0 - 1e-3
"""Cosine of the slope below which water refracts nothing."""

WAVES = 5
INTENSITY = 0.005
START = 250.0


@dataclass(frozen=True)
class Water:
    """A periodic pattern of light."""

    time: float
    size: float  # of a period, in pixels

    @classmethod
    def drawn(cls, height: int, width: int, stream: int) -> Water:
        """Return the water of a stream over an image."""
        time, size = (float(each) for each in draw_uniforms(stream, 0, 2))
        return cls(0.5 + 1.5 * time, (0.75 + 0.5 * size) * min(height, width))


def caustic_refraction(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3), each pixel taken from where its ray of light comes from."""
    height, width, _ = image.shape
    light = caustics(height, width, Water.drawn(height, width, stream))
    (lens,) = CAUSTIC_REFRACTION.at(strength)
    result = np.empty(image.shape, np.uint8)
    _refract(image, light, lens * 0.5 * min(height, width), 2.0 * lens, result)
    return result


def caustics(height: int, width: int, water: Water) -> Float64:
    """Return the light (H, W) under the water, from 0 to 1, filtered by a Gaussian of 1 pixel."""
    light = np.empty((height, width))
    _fill_light(water.time, water.size, light)
    return smooth(light, (1.0, 1.0), 4.0, "symmetric", light)


@kernel
def _fill_light(time: float, size: float, light: Float64) -> None:
    """Write the light (H, W) under the water."""
    height, width = light.shape
    turns = 1.0 / TURN
    columns = np.empty(width)
    for x in range(width):
        columns[x] = (x / size - np.floor(x / size)) * TURN - START
    across, down = np.empty(width), np.empty(width)
    for y in range(height):
        row, total = (y / size - np.floor(y / size)) * TURN - START, light[y]
        down[:], across[:], total[:] = row, columns, 1.0
        for k in range(WAVES):
            t = time * (1.0 - 3.5 / (k + 1)) * turns
            for x in range(width):
                a, b = down[x] * turns, across[x] * turns
                u = row + sine(t - a + 0.25) + sine(t + b)
                v = columns[x] + sine(t - b) + sine(t + a + 0.25)
                first = row * INTENSITY / sine(u * turns + t)
                second = columns[x] * INTENSITY / sine(v * turns + t + 0.25)
                total[x] += 1.0 / np.sqrt(first * first + second * second)
                down[x], across[x] = u, v
        for x in range(width):
            bundled = abs(1.17 - power(total[x] / WAVES, 1.4))
            bundled *= bundled
            bundled *= bundled
            total[x] = min(bundled * bundled, 1.0)


@kernel
def _refract(image: Uint8, light: Float64, lens: float, lighting: float, result: Uint8) -> None:
    """Write the image (H, W, 3) as refracted by a surface as high as the light (H, W)."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            above, below = _at(light, y - 1, x), _at(light, y + 1, x)
            left, right = _at(light, y, x - 1), _at(light, y, x + 1)
            slope_down, slope_right = below - above, right - left
            upright = 1.0 / np.sqrt(slope_down * slope_down + slope_right * slope_right + 1.0)
            factor = 0.0
            if upright < STEEPEST_FLAT:  # Snell's law
                sine_squared = (1.0 - upright * upright) / (INDEX * INDEX)
                factor = (np.sqrt(1.0 - sine_squared) - upright / INDEX) * upright * lens
            down = y + _rounded(factor * slope_down)
            across = x + _rounded(factor * slope_right)
            added = 255.0 * lighting * (slope_down - slope_right)
            _sample(image, down, across, added, result[y, x])


@kernel
def _rounded(pixels: float) -> float:
    """Return a distance rounded to thousandths of a pixel."""
    return float(np.floor(1000.0 * pixels + 0.5)) / 1000.0


@kernel
def _at(plane: Array, y: int, x: int) -> float:
    """Return a value of a plane (H, W), 0 beyond its edges."""
    if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
        return float(plane[y, x])
    return 0.0


@kernel
def _sample(image: Uint8, y: float, x: float, added: float, out: Uint8) -> None:
    """Write the pixel (3,) of an image (H, W, 3) at a place, bilinear, black beyond its edges."""
    top, left = int(np.floor(y)), int(np.floor(x))
    down, right = y - top, x - left
    for channel in range(3):
        plane = image[:, :, channel]
        upper = _at(plane, top, left) * (1.0 - right) + _at(plane, top, left + 1) * right
        lower = _at(plane, top + 1, left) * (1.0 - right) + _at(plane, top + 1, left + 1) * right
        out[channel] = level(upper * (1.0 - down) + lower * down + added)
