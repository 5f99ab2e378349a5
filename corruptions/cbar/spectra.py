"""Noises with a given spectrum: a blue one that hides pixels, a brownish one that is added.

All frequencies of a kind are equally strong, and their phases are random. In the published code the
phases are mirrored about a point next to frequency 0, not negated, and the real part is kept. So
the noise is not quite stationary. The benchmark is what that program does.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..arrays import Float64, Uint8, Uint32
from ..compiling import kernel
from ..elementary import level, sine
from ..fourier import inverse_transform
from ..randomness import draw_words
from ..severity_table import Parameter, SeverityTable, Strength

BLUE_NOISE_SAMPLE = SeverityTable(
    Parameter("threshold", (-2.26, -2.02, -1.78, -1.3, -0.82), -10, 10)
)
"""Standard deviations of the noise below which a pixel is black."""

BROWNISH_NOISE = SeverityTable(Parameter("deviation", (6.4, 12.8, 19.2, 25.6, 32.0), 0, 255))
"""Standard deviation of what is added."""

Colour = Literal["blue", "brownish"]

TO_TURNS = 2.0**-32
"""Factor from words to turns."""


def blue_noise_sample(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) in which the pixels of low noise are black."""
    height, width, _ = image.shape
    result = np.empty(image.shape, np.uint8)
    noise = spectral_noise(height, width, "blue", stream, 0)
    (threshold,) = BLUE_NOISE_SAMPLE.at(strength)
    _hide(image, noise, threshold, result)
    return result


def brownish_noise(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return x + c n of an image uint8 (H, W, 3), n with its own noise in each channel."""
    height, width, _ = image.shape
    result = np.empty(image.shape, np.uint8)
    (deviation,) = BROWNISH_NOISE.at(strength)
    for channel in range(3):
        start = channel * words_of(height, width)
        plane, out = image[..., channel], result[..., channel]
        _add(plane, spectral_noise(height, width, "brownish", stream, start), deviation, out)
    return result


def words_of(height: int, width: int) -> int:
    """Return the words of a noise: of the left half, and of a middle column; an even number."""
    count = height * (width // 2) + width % 2 * (height // 2)
    return count + count % 2


def spectral_noise(height: int, width: int, colour: Colour, stream: int, start: int) -> Float64:
    """Return a noise (H, W) divided by its standard deviation; 0 if that is 0.

    The amplitude is f in blue noise and 1 / (f^2 + 1) in brownish noise, f being the frequency in
    cycles per shorter side.
    """
    words = draw_words(stream, start, words_of(height, width))
    turns = words[: height * (width // 2)].reshape(height, width // 2)
    middle = np.zeros((height, width % 2), np.uint32)
    half = height // 2
    middle[:half] = words[turns.size : turns.size + half * (width % 2)].reshape(half, width % 2)
    middle[height - half :] = middle[:half][::-1]
    phases = np.hstack([turns, middle, turns[::-1, ::-1]])  # (H, W)
    plane = np.empty((2, height, width))
    _fill_plane(phases, colour == "blue", plane)
    inverse_transform(plane)
    noise: Float64 = plane[0]
    deviation = _deviation(noise)
    noise *= 1.0 / deviation if deviation > 0.0 else 0.0
    return noise


@kernel
def _fill_plane(phases: Uint32, blue: bool, plane: Float64) -> None:
    """Write a plane (2, H, W) of amplitudes with phases (H, W), frequency 0 in the corner."""
    height, width = phases.shape
    shorter = min(height, width)
    for y in range(height):
        down = (y - height / 2) * shorter / height
        row = (y + height // 2) % height
        for x in range(width):
            across = (x - width / 2) * shorter / width
            square = down * down + across * across
            amplitude = np.sqrt(square) if blue else 1.0 / (square + 1.0)
            turns = phases[y, x] * TO_TURNS
            column = (x + width // 2) % width
            plane[0, row, column] = amplitude * sine(turns + 0.25)
            plane[1, row, column] = amplitude * sine(turns)


@kernel
def _deviation(noise: Float64) -> float:
    """Return the standard deviation of a plane (H, W), summed in a fixed order."""
    total = 0.0
    for y in range(noise.shape[0]):
        of_row = 0.0
        for x in range(noise.shape[1]):
            of_row += noise[y, x]
        total += of_row
    mean, squares = total / noise.size, 0.0
    for y in range(noise.shape[0]):
        of_row = 0.0
        for x in range(noise.shape[1]):
            of_row += (noise[y, x] - mean) * (noise[y, x] - mean)
        squares += of_row
    return float(np.sqrt(squares / noise.size))


@kernel
def _hide(image: Uint8, noise: Float64, threshold: float, result: Uint8) -> None:
    """Write the image (H, W, 3), black where the noise (H, W) is not above a threshold."""
    for y in range(noise.shape[0]):
        for x in range(noise.shape[1]):
            for channel in range(3):
                result[y, x, channel] = image[y, x, channel] * (noise[y, x] > threshold)


@kernel
def _add(plane: Uint8, noise: Float64, strength: float, result: Uint8) -> None:
    """Write a plane (H, W) plus noise."""
    for y in range(noise.shape[0]):
        for x in range(noise.shape[1]):
            result[y, x] = level(plane[y, x] + strength * noise[y, x])
