"""Frost of Hendrycks & Dietterich (2019): a photograph of ice laid over the image.

The six photographs belong to the package `imagecorruptions`. They are read from its folder, since
importing the package would load OpenCV.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from ..arithmetic import truncate
from ..arrays import Int32, Int64, Uint8
from ..errors import InputError
from ..randomness import below, draw_words
from ..severity_table import Parameter, SeverityTable, Strength

FROST = SeverityTable(
    Parameter("kept", (1.0, 0.8, 0.7, 0.65, 0.6), 0, 1),
    Parameter("added", (0.4, 0.6, 0.7, 0.7, 0.75), 0, 1.5),
)
"""The factors of the image and of the frost, rounded to hundredths."""

TEXTURES = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg", "frost6.jpg")

MARGIN = 1.1
"""Factor by which the enlarged texture is larger than the image, at least."""

STEEPNESS = -0.75
"""Parameter of the cubic convolution, as in OpenCV."""

WEIGHT_BITS = 11
"""Fraction bits of the weights of a resized pixel, as in OpenCV."""


def frost(image: Uint8, strength: Strength, stream: int) -> Uint8:
    """Return an image, RGB uint8 (H, W, 3), under a random part of a random texture."""
    return frosted(image, strength, *draw(image.shape, stream))


def draw(shape: tuple[int, ...], stream: int) -> tuple[int, int, int]:
    """Return a texture's number, and the row and column where the image's part of it starts.

    They come from words 0, 1 and 2 of the stream.
    """
    words = draw_words(stream, 0, 4)
    number = below(words[0], len(TEXTURES))
    tall, wide = enlarged_size(number, shape[0], shape[1])
    return number, below(words[1], tall - shape[0]), below(words[2], wide - shape[1])


def frosted(image: Uint8, strength: Strength, number: int, top: int, left: int) -> Uint8:
    """Return min(a x + b f, 255) of an image x and the part f of a texture from (top, left)."""
    height, width, _ = image.shape
    ice = resize(texture(number), *enlarged_size(number, height, width))
    part = ice[top : top + height, left : left + width]  # (H, W, 3)
    kept, added = (round(100 * factor) for factor in FROST.at(strength))
    return truncate((kept * image.astype(np.int32) + added * part.astype(np.int32)) // 100)


def enlarged_size(number: int, height: int, width: int) -> tuple[int, int]:
    """Return the height and width of a texture after enlarging it for an image.

    Both are at least 1.1 times those of the image. Textures are never made smaller.
    """
    tall, wide, _ = texture(number).shape
    factor = MARGIN * max(1.0, height / tall, width / wide)
    return math.ceil(tall * factor), math.ceil(wide * factor)


@cache
def texture(number: int) -> Uint8:
    """Read a texture, RGB uint8 (H, W, 3), read-only; InputError if the package lacks it.

    Pillow decodes the same pixels as OpenCV, which the package uses.
    """
    package = find_spec("imagecorruptions")
    folders = package.submodule_search_locations if package else None
    path = Path(folders[0] if folders else "imagecorruptions") / "frost" / TEXTURES[number]
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: is missing; pip install imagecorruptions-imaug") from error


def resize(image: Uint8, height: int, width: int) -> Uint8:
    """Return an image, RGB uint8, resized by cubic convolution (Keys 1981), its edges repeated.

    Sums are in integers with OpenCV's weights, so every processor rounds alike. OpenCV rounds as
    its vector instructions do, and some pixels differ from it by a grey level.
    """
    rows, row_weights = cubic_taps(image.shape[0], height)  # (height, 4) both
    columns, column_weights = cubic_taps(image.shape[1], width)  # (width, 4) both
    wide = np.einsum("hwkc,wk->hwc", image[:, columns], column_weights)  # (H, width, 3)
    total = np.einsum("hkwc,hk->hwc", wide[rows], row_weights)  # (height, width, 3)
    half = 1 << (2 * WEIGHT_BITS - 1)
    return truncate(total + half >> 2 * WEIGHT_BITS)


def cubic_taps(old: int, new: int) -> tuple[Int64, Int32]:
    """Return the four old pixels that each new pixel is made of, (new, 4), and their weights.

    The centre of pixel i lies at (i + 1/2) old / new - 1/2 among the centres of the old pixels.
    """
    centres = (np.arange(new) + 0.5) * (old / new) - 0.5
    before = np.floor(centres).astype(np.int64)
    beyond = centres - before
    far, near = beyond + 1, 1 - beyond
    a = STEEPNESS
    shares = [
        ((a * far - 5 * a) * far + 8 * a) * far - 4 * a,
        ((a + 2) * beyond - (a + 3)) * beyond * beyond + 1,
        ((a + 2) * near - (a + 3)) * near * near + 1,
    ]
    shares.append(1 - shares[0] - shares[1] - shares[2])
    pixels = np.clip(before[:, np.newaxis] + np.arange(-1, 3), 0, old - 1)  # (new, 4)
    return pixels, np.rint(np.stack(shares, axis=-1) * 2**WEIGHT_BITS).astype(np.int32)
