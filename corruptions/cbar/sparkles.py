"""Sparkles: white stars with many rays, and a white image outside of one such star."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Float64, Uint8
from ..compiling import kernel
from ..elementary import direction, power
from ..normals import draw_normals
from ..randomness import below, draw_uniforms, draw_words
from ..severity_table import Parameter, SeverityTable, Strength

SPARKLES = SeverityTable(Parameter("length", (0.01, 0.02, 0.03, 0.05, 0.06), 0, 1))
"""Mean length of a ray, where the shorter side is 1."""

INVERSE_SPARKLES = SeverityTable(Parameter("exponent", (0.13, 0.26, 0.52, 1.17, 1.3), 0, 100))
"""Exponent by which the image fades outside of the star."""

STARS = 5
FEWEST_RAYS, RAYS = 50, 150
"""A star has 50 to 199 rays, all numbers being equally likely."""

RADIUS = 0.25
"""Mean length of the rays of an inverse star, where the shorter side is 1."""

SPREAD = 0.25
"""Standard deviation of the length of a ray, where the mean is 1."""

SHORTEST = 1.0
"""Length in pixels of the shortest ray of a star."""

WORDS = 6 + FEWEST_RAYS + RAYS
"""Words of a star: its centre, its number of rays, their lengths."""


@dataclass(frozen=True)
class Star:
    """A centre in pixels and the lengths (N,) of rays at equal angles."""

    x: float
    y: float
    lengths: Float64

    @classmethod
    def drawn(cls, shape: tuple[int, int], radius: float, stream: int, start: int) -> Star:
        """Return the star whose words begin at `start`, of an image of some height and width."""
        height, width = shape
        y, x = (float(each) for each in draw_uniforms(stream, start, 2))
        count = FEWEST_RAYS + below(draw_words(stream, start + 4, 2)[0], RAYS)
        normals = draw_normals(stream, start + 6, (count,)).astype(np.float64)
        return cls(x * width, y * height, radius * (1.0 + SPREAD * normals))


def sparkles(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) with five white stars, mixed in one after the other."""
    height, width, _ = image.shape
    pixels = image.astype(np.float64)
    for star in stars(height, width, strength, stream):
        _mix(pixels, star.x, star.y, star.lengths, 1.0, False)
    return pixels.astype(np.uint8)


def stars(height: int, width: int, strength: Strength, stream: int) -> list[Star]:
    """Return the five stars of an image; rays have at least a pixel."""
    (length,) = SPARKLES.at(strength)
    radius = length * min(height, width)
    drawn = [Star.drawn((height, width), radius, stream, k * WORDS) for k in range(STARS)]
    return [Star(each.x, each.y, np.maximum(each.lengths, SHORTEST)) for each in drawn]


def inverse_sparkles(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) that is white except within a star."""
    height, width, _ = image.shape
    star = inverse_star(height, width, stream)
    pixels = image.astype(np.float64)
    (exponent,) = INVERSE_SPARKLES.at(strength)
    _mix(pixels, star.x, star.y, star.lengths, exponent, True)
    return pixels.astype(np.uint8)


def inverse_star(height: int, width: int, stream: int) -> Star:
    """Return a star whose centre is in the middle half of the rows and of the columns."""
    half = Star.drawn((height, width), RADIUS * min(height, width), stream, 0)
    return Star(width / 4 + half.x / 2, height / 4 + half.y / 2, half.lengths)


@kernel
def _mix(
    pixels: Float64, x0: float, y0: float, lengths: Float64, exponent: float, inverse: bool
) -> None:
    """Mix white into pixels (H, W, 3) within a star, or outside of it, in place."""
    height, width, _ = pixels.shape
    rays = lengths.size
    places, squares = np.empty(width), np.empty(width)
    for y in range(height):
        down = y - y0
        for x in range(width):
            right = x - x0
            places[x] = (direction(down, right) + 0.5) * rays
            squares[x] = right * right + down * down + 1e-4
        for x in range(width):
            ray = int(places[x])
            part = places[x] - ray
            start, end = lengths[ray % rays], lengths[(ray + 1) % rays]
            length = start + part * (end - start)
            share = length * length / squares[x]
            if exponent != 1.0 and share > 0.0:
                share = power(share, exponent)
            share = min((1.0 - (part - 0.5) * (part - 0.5)) * share, 1.0)
            if inverse:
                share = 1.0 - share
            for channel in range(3):
                pixels[y, x, channel] += share * (255.0 - pixels[y, x, channel])
