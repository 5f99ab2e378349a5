"""Waves that are added to an image: of one frequency, concentric, and the waves of a plasma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Float64, Uint8
from ..compiling import kernel
from ..elementary import TURN, direction, level, sine
from ..randomness import below, draw_uniforms, draw_words
from ..severity_table import Parameter, SeverityTable, Strength

SINGLE_FREQUENCY_GREYSCALE = SeverityTable(
    Parameter("amplitude", (19.6, 29.4, 39.2, 88.2, 98.0), 0, 255)
)
COCENTRIC_SINE_WAVES = SeverityTable(
    Parameter("amplitude", (38.4, 64.0, 102.4, 115.2, 128.0), 0, 255)
)
PLASMA_NOISE = SeverityTable(Parameter("amplitude", (30.4, 44.8, 54.4, 59.2, 64.0), 0, 255))
"""Largest value that is added; of concentric waves, twice that."""


def single_frequency_greyscale(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return x + c sin(2 pi (f u + g v + p)) of an image uint8 (H, W, 3) with pixels x at (u, v).

    The larger frequency is up to half a turn per pixel. It belongs to the columns or to the rows.
    """
    across, down, phase = frequency(stream)
    result = np.empty(image.shape, np.uint8)
    (amplitude,) = SINGLE_FREQUENCY_GREYSCALE.at(strength)
    _add_sine(image, across, down, phase, amplitude, result)
    return result


def frequency(stream: int) -> tuple[float, float, float]:
    """Return turns per column and per row, and the turns at the first pixel."""
    first, second, phase, order = (float(each) for each in draw_uniforms(stream, 0, 4))
    larger = first - 0.5
    smaller = abs(larger) * (2.0 * second - 1.0)
    across, down = (larger, smaller) if order < 0.5 else (smaller, larger)
    return across, down, phase


@dataclass(frozen=True)
class Rings:
    """Rings around a point, whose radius varies with the direction."""

    x: float
    y: float
    waves: float  # in a turn around the point
    amplitude: float  # of the waves, in pixels
    width: float  # of a ring, in pixels

    @classmethod
    def drawn(cls, height: int, width: int, stream: int) -> Rings:
        """Return the rings of a stream in an image."""
        x, y, waves, amplitude, ring = (float(each) for each in draw_uniforms(stream, 0, 5))
        tenth = min(height, width) / 10
        return cls(x * width, y * height, 10 * waves, tenth * amplitude, tenth * (1.0 - ring))


def cocentric_sine_waves(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return x + c (r - 1/2) of an image uint8 (H, W, 3) with pixels x.

    r grows from 0 to 1 within each ring, with the distance plus a sine of the direction.
    """
    height, width, _ = image.shape
    rings = Rings.drawn(height, width, stream)
    result = np.empty(image.shape, np.uint8)
    place = (rings.x, rings.y, rings.waves, rings.amplitude, rings.width)
    (amplitude,) = COCENTRIC_SINE_WAVES.at(strength)
    _add_rings(image, place, amplitude, result)
    return result


@dataclass(frozen=True)
class Plasma:
    """Sums of waves, each displaced by the former."""

    time: float  # in turns
    iterations: int
    sharpness: float
    scale: float  # pixels of a radian of the first wave

    @classmethod
    def drawn(cls, height: int, width: int, stream: int) -> Plasma:
        """Return the plasma of a stream in an image."""
        time, sharpness, scale = (float(each) for each in draw_uniforms(stream, 0, 3))
        iterations = 4 + below(draw_words(stream, 6, 2)[0], 3)
        side = min(height, width)
        return cls(3 * time, iterations, 0.5 + sharpness / 2, (0.075 + 0.125 * scale) * side)


def plasma_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return (1 - c / 255) x + c n of an image uint8 (H, W, 3), n from -1 to 1 in each channel."""
    height, width, _ = image.shape
    plasma = Plasma.drawn(height, width, stream)
    result = np.empty(image.shape, np.uint8)
    waves = wave_factors(plasma)
    (amplitude,) = PLASMA_NOISE.at(strength)
    _add_plasma(image, waves, plasma.time, plasma.scale, amplitude, result)
    return result


def wave_factors(plasma: Plasma) -> Float64:
    """Return frequency, phase in turns and amplitude of each iteration, (N, 3)."""
    steps = np.empty((plasma.iterations, 3))
    row = np.array([1.0, plasma.time, 1.0])
    for step in steps:
        step[:] = row
        row *= np.array([1.93, 1 / 1.15, 1 / (2.25 - plasma.sharpness)])
    return steps


@kernel
def _add_sine(
    image: Uint8, across: float, down: float, phase: float, strength: float, result: Uint8
) -> None:
    """Write the image (H, W, 3) plus a plane wave."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            added = strength * sine(x * across + y * down + phase)
            for channel in range(3):
                result[y, x, channel] = level(image[y, x, channel] + added)


@kernel
def _add_rings(
    image: Uint8, rings: tuple[float, float, float, float, float], strength: float, result: Uint8
) -> None:
    """Write the image (H, W, 3) plus rings."""
    height, width, _ = image.shape
    x0, y0, waves, amplitude, ring = rings
    for y in range(height):
        for x in range(width):
            right, down = x - x0, y - y0
            distance = np.sqrt(right * right + down * down)
            radius = distance + amplitude * sine(waves * direction(down, right))
            whole = radius / ring
            added = strength * (whole - np.floor(whole) - 0.5)
            for channel in range(3):
                result[y, x, channel] = level(image[y, x, channel] + added)


@kernel
def _add_plasma(
    image: Uint8, waves: Float64, time: float, scale: float, strength: float, result: Uint8
) -> None:
    """Write the image (H, W, 3) mixed with a plasma of N waves (N, 3)."""
    height, width, _ = image.shape
    share = 1.0 - strength / 255.0
    turns = 1.0 / TURN
    shift = sine(time)
    across, down = np.empty(width), np.empty(width)
    for y in range(height):
        for x in range(width):
            across[x], down[x] = x / scale, y / scale
        for k in range(len(waves)):
            frequency, phase, amplitude = turns * waves[k, 0], waves[k, 1], waves[k, 2]
            for x in range(width):
                right = amplitude * sine(down[x] * frequency + phase + 0.25)
                lower = amplitude * sine(across[x] * frequency + phase)
                across[x] += right - 0.3 * lower
                down[x] += lower + 0.3 * right
        for x in range(width):
            u, v, pixel, out = across[x], down[x], image[y, x], result[y, x]
            out[0] = level(share * pixel[0] + strength * sine(u * turns - time))
            out[1] = level(share * pixel[1] + strength * sine((u + v + shift) * 0.5 * turns))
            out[2] = level(share * pixel[2] + strength * sine(v * turns + time))
