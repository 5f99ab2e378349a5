"""The pictures that a run keeps as PNG files, and error maps: right, wrong and ignored pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..datasets.base import ClassInfo
from ..label_types import LabelMap
from ..protocol.cell import Cell
from ..protocol.spec import Spec

RIGHT, WRONG, IGNORED = (225, 225, 225), (213, 94, 0), (0, 0, 0)
"""Colours that differ in brightness: colour-blind readers and printers tell them apart."""
ERROR_COLORS = np.array([RIGHT, WRONG, IGNORED], np.uint8)
"""Colour of each number of an error map."""
_LEVEL = 4
"""Level of zlib: at the highest one, files are a tenth smaller and take 4 to 24 times as long."""
_FRAMES = 8
"""Number of frames whose predictions are kept."""
_MOST = 255
"""Most classes whose colours a picture keeps exactly, beside that of ignored pixels."""

CAPTIONS = INPUT, PREDICTION, TRUTH, WRONG_PIXELS, ERRORS = (
    *("input", "prediction", "ground truth", "errors"),
    "errors: yellow unsure, red sure",
)


@dataclass(frozen=True)
class Picture:
    """An example picture of a cell for reports, a small PNG, with one of `CAPTIONS`."""

    cell: Cell
    caption: str
    png: bytes


def pictured_frames(spec: Spec) -> dict[str, bool]:
    """Return the frames whose predictions a run keeps, and whether it also keeps their images.

    It keeps the images of the first frame; of frames taken in several conditions, the first of each
    with its image.
    """
    if spec.taken:
        first = {frame.condition: frame.name for frame in reversed(spec.frames)}
        return dict.fromkeys(first.values(), True)
    return {frame.name: not place for place, frame in enumerate(spec.frames[:_FRAMES])}


def has_own_colors(classes: Sequence[ClassInfo]) -> bool:
    """Return whether pictures show each class, and ignored pixels, in a colour of its own."""
    colors = {IGNORED, *(info.color for info in classes)}
    return len(colors) == len(classes) + 1 <= _MOST + 1


def error_map(right: NDArray[np.bool_], ignored: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the numbers (H, W) of `ERROR_COLORS` for two masks (H, W)."""
    numbers = np.where(right, np.uint8(0), np.uint8(1))
    numbers[ignored] = 2
    return numbers


def error_map_of(prediction: bytes, truth: bytes) -> bytes | None:
    """Return the error map, a PNG, of two pictures of classes with colours of their own.

    None for pictures of different sizes.
    """
    first, second = (_pixels(content) for content in (prediction, truth))  # (H, W, 3)
    if first.shape != second.shape:
        return None
    return palette_png(error_map(_equal(first, second), _equal(second, IGNORED)), ERROR_COLORS)


def _equal(first: NDArray[np.uint8], second: ArrayLike) -> NDArray[np.bool_]:
    """Return where colours (H, W, 3) are equal to others, or to one (3,): (H, W)."""
    red, green, blue = np.moveaxis(first == second, -1, 0)  # `all` is slow over so short an axis
    return np.asarray(red & green & blue)


def palette_png(numbers: LabelMap, colors: NDArray[np.uint8]) -> bytes:
    """Return a map of numbers (H, W) as a PNG, in the colours (N, 3) of these numbers.

    If it has more than 256 of them, colours become the nearest of 256.
    """
    used = np.flatnonzero(np.bincount(numbers.ravel()))
    if len(used) > 256:
        return _encoded(
            Image.fromarray(colors[numbers]).convert("P", palette=Image.Palette.ADAPTIVE)
        )
    places = np.zeros(len(colors), np.uint8)
    places[used] = np.arange(len(used))
    picture = Image.fromarray(places[numbers])
    picture.putpalette(colors[used].tobytes())
    return _encoded(picture)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return an image (H, W, 3) as a PNG."""
    return _encoded(Image.fromarray(pixels))


def _encoded(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG", compress_level=_LEVEL)
    return file.getvalue()


def _pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))
