"""Frost: a photograph of ice on a window, laid over the image.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

The six photographs are those of the package `imagecorruptions`; they are read from its folder
without importing it, since that would load OpenCV.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError
from ..kernels.compiling import kernel
from ..randomness import fill_words

FROST = ((100, 40), (80, 60), (70, 70), (65, 70), (60, 75))
"""By severity, in hundredths: what is left of the image, and what is added of the frost."""

TEXTURES = ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg", "frost6.jpg")

MARGIN = 1.1
"""How much larger than the image, at least, a texture is before a part of it is cut out."""

STEEPNESS = -0.75
"""The parameter of the cubic convolution, as in OpenCV."""

WEIGHT_BITS = 11
"""The weights of a resized pixel are multiples of 2**-11, as in OpenCV."""

ROUNDING = np.int32(1 << (2 * WEIGHT_BITS - 1))
DOWN = np.int32(2 * WEIGHT_BITS)
HUNDRED = np.uint16(100)
WHITE = np.uint16(255)


def frost(image: NDArray[np.uint8], severity: int, stream: int) -> NDArray[np.uint8]:
    """Return a x + b f of an image, RGB uint8 (H, W, 3), and a frost f as large, cut off at white.

    Words 0, 1 and 2 of the stream choose the texture, and the row and the column of its part.
    """
    words = np.empty(4, np.uint32)
    fill_words(np.uint64(stream), 0, words)
    height, width, _ = image.shape
    number = _below(words[0], len(TEXTURES))
    tall, wide, _ = enlarged(number, height, width).shape
    place = _below(words[1], tall - height), _below(words[2], wide - width)
    return frosted(image, severity, number, *place)


def frosted(
    image: NDArray[np.uint8], severity: int, number: int, top: int, left: int
) -> NDArray[np.uint8]:
    """Return the image under a texture's part whose upper left corner is given."""
    height, width, _ = image.shape
    ice = enlarged(number, height, width)
    kept, added = map(np.uint16, FROST[severity - 1])
    result = np.array(image, order="C")
    _mix(result.reshape(height, 3 * width), ice.reshape(len(ice), -1)[top:], 3 * left, kept, added)
    return result


@lru_cache(maxsize=len(TEXTURES))
def enlarged(number: int, height: int, width: int) -> NDArray[np.uint8]:
    """Return a texture, RGB uint8, 1.1 times as high and wide as an image or more; read-only.

    Textures are enlarged by as much as an image needs, and never made smaller.
    """
    ice = texture(number)
    tall, wide, _ = ice.shape
    factor = MARGIN * max(1.0, height / tall, width / wide)
    result = resize(ice, math.ceil(tall * factor), math.ceil(wide * factor))
    result.flags.writeable = False
    return result


@cache
def texture(number: int) -> NDArray[np.uint8]:
    """Return a photograph, RGB uint8 (H, W, 3), read-only; InputError where the package lacks it.

    Pillow decodes the same pixels as OpenCV, with which the package reads them.
    """
    package = find_spec("imagecorruptions")
    folders = package.submodule_search_locations if package else None
    path = Path(folders[0] if folders else "imagecorruptions") / "frost" / TEXTURES[number]
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: is missing; pip install imagecorruptions-imaug") from error


def resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return an image, RGB uint8, resized by cubic convolution (Keys 1981), edges repeated.

    In integers with OpenCV's weights, so that every processor rounds alike; OpenCV itself rounds
    as its vector instructions do, and is one grey level away here and there.
    """
    old_height, old_width, _ = image.shape
    columns, weights = _cubic(old_width, width)
    wide = np.empty((old_height, 3 * width), np.int32)
    _widen(image.reshape(old_height, -1), columns, weights, wide)
    rows, weights = _cubic(old_height, height)
    result = np.empty((height, width, 3), np.uint8)
    _heighten(wide, rows, weights, result.reshape(height, -1))
    return result


def _cubic(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the four pixels that each of `new` pixels comes from, (new, 4), and their weights.

    A pixel's centre lies at (i + 1/2) old / new - 1/2 between the centres of the old ones.
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


@kernel
def _widen(
    rows: NDArray[np.uint8],
    columns: NDArray[np.int64],
    weights: NDArray[np.int32],
    wide: NDArray[np.int32],
) -> None:
    """Fill rows (H, 3 W') from rows (H, 3 W), their weights not yet divided out."""
    for y in range(rows.shape[0]):
        row, result = rows[y], wide[y]
        for x in range(columns.shape[0]):
            for channel in range(3):
                total = np.int32(0)
                for k in range(4):
                    total += weights[x, k] * np.int32(row[3 * columns[x, k] + channel])
                result[3 * x + channel] = total


@kernel
def _heighten(
    wide: NDArray[np.int32],
    sources: NDArray[np.int64],
    weights: NDArray[np.int32],
    rows: NDArray[np.uint8],
) -> None:
    """Fill rows (H', 3 W') from rows (H, 3 W') and divide both weights out, rounding."""
    for y in range(rows.shape[0]):
        row, (a, b, c, d) = rows[y], weights[y]
        first, second = wide[sources[y, 0]], wide[sources[y, 1]]
        third, fourth = wide[sources[y, 2]], wide[sources[y, 3]]
        for i in range(row.size):
            total = np.int32(a * first[i] + b * second[i] + c * third[i] + d * fourth[i] + ROUNDING)
            row[i] = np.uint8(min(max(int(total >> DOWN), 0), 255))


@kernel
def _mix(
    rows: NDArray[np.uint8], ice: NDArray[np.uint8], left: int, kept: np.uint16, added: np.uint16
) -> None:
    """Lay ice (H', 3 W'), from value `left` of its rows on, over rows (H, 3 W); in hundredths.

    Their sum is an integer of 16 bits, so what is cut off is exact.
    """
    for y in range(rows.shape[0]):
        row, above = rows[y], ice[y][left : left + rows.shape[1]]
        for i in range(row.size):
            total = np.uint16(kept * row[i] + added * above[i]) // HUNDRED
            row[i] = np.uint8(min(total, WHITE))


def _below(word: np.uint32, count: int) -> int:
    """Return an integer from 0 to count - 1, each as probable, that a word stands for."""
    return int(word) * count >> 32
