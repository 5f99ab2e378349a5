"""Glass blur of Hendrycks & Dietterich (2019): pixels are replaced by random neighbours.

Between two Gaussian blurs, `imagecorruptions` visits the pixels from the lower right corner to the
upper left and swaps each with a random neighbour. Its swap is `x[a], x[b] = x[b], x[a]` on views
of one array: pixel a is overwritten by b, and then b by the new a. So pixels are copied, not
swapped, and some vanish. The benchmark is what that program does.
"""

from __future__ import annotations

from ..arrays import Uint8
from ..randomness import below, draw_words
from ..severity_table import Parameter, SeverityTable, Strength
from .gaussian import smooth

APART = "pixels are moved whole pixels, in whole scans"

GLASS_BLUR = SeverityTable(
    Parameter("deviation", (0.7, 0.9, 1.0, 1.1, 1.5), 0.1, 100),
    Parameter("distance", (1, 2, 2, 3, 4), 1, 100, whole=True, apart=APART),
    Parameter("scans", (2, 1, 3, 2, 2), 1, 100, whole=True, apart=APART),
)
"""Deviation of the blurs, largest distance of a copy, both in pixels, and scans."""


def glass_blur(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image uint8 (H, W, 3) blurred, with its pixels shuffled, and blurred again.

    Pixels closer to an edge than the largest distance are only blurred, which may be all.
    """
    deviation, reach, scans = GLASS_BLUR.at(strength)
    pixels = smooth(image, deviation)
    height, width, _ = image.shape
    columns = range(width - reach, reach, -1)
    words_per_row = len(columns) + len(columns) % 2  # words come in pairs
    for scan in range(scans):
        for y in range(height - reach, reach, -1):
            words = draw_words(stream, (scan * height + y) * words_per_row, words_per_row)
            for x, word in zip(columns, words, strict=False):
                down, across = divmod(below(word, (2 * reach) ** 2), 2 * reach)
                pixels[y, x] = pixels[y + down - reach, x + across - reach]
    return smooth(pixels, deviation)
