"""Checkerboard cutout: random squares of a turned checkerboard are grey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arithmetic import cosine_and_sine
from ..arrays import Uint8
from ..compiling import kernel
from ..randomness import draw_uniforms, draw_words
from ..severity_table import Parameter, SeverityTable, Strength

CHECKERBOARD_CUTOUT = SeverityTable(Parameter("share", (0.2, 0.3, 0.4, 0.5, 0.6), 0, 1))
"""Share of the black squares of the board that become grey."""

GREY = 128


@dataclass(frozen=True)
class Board:
    """A checkerboard around the upper left corner."""

    side: float  # of a square, in pixels
    cosine: float  # of its direction
    sine: float
    cut: NDArray[np.bool_]  # squares that are grey if they are black, (N, N), repeating

    @classmethod
    def drawn(cls, height: int, width: int, fraction: float, stream: int) -> Board:
        """Return the board of a stream in an image."""
        share, angle = (float(each) for each in draw_uniforms(stream, 0, 2))
        shorter = min(height, width)
        side = max((0.1 + 0.15 * share) * shorter, 1.0)
        cosine, sine = cosine_and_sine(360 * angle - 180)
        count = int(4 * shorter // side)
        words = draw_words(stream, 4, count * count + count % 2)[: count * count]
        return cls(side, cosine, sine, (words < fraction * 2**32).reshape(count, count))


def checkerboard_cutout(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) with grey squares, a tenth to a quarter of the side wide."""
    height, width, _ = image.shape
    (share,) = CHECKERBOARD_CUTOUT.at(strength)
    board = Board.drawn(height, width, share, stream)
    result = np.array(image, order="C")
    _cut(result, board.side, board.cosine, board.sine, board.cut)
    return result


@kernel
def _cut(image: Uint8, side: float, cosine: float, sine: float, cut: NDArray[np.bool_]) -> None:
    """Make pixels grey in an image (H, W, 3), in place.

    Squares that touch an axis of the board are twice as long across it, since the published code
    truncates coordinates to find the square, but not to find its colour.
    """
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            down = (cosine * y + sine * x) / side
            right = (cosine * x - sine * y) / side
            black = int(np.floor(down)) % 2 == int(np.floor(right)) % 2
            if black and cut[int(down) % len(cut), int(right) % len(cut)]:
                image[y, x] = GREY
