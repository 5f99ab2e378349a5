"""Images and labels stored in random forms, with what they mean.

The forms vary in format, compression, depth, palette, alpha channel and EXIF orientation. A reader
must return the meaning or refuse the file.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from robustbench_seg.copies.sources import read_source
from robustbench_seg.datasets.image_files import read_image
from robustbench_seg.datasets.label_files import read_label
from robustbench_seg.errors import InputError
from robustbench_seg.label_types import LabelMap, ignored_label, label_dtype
from tests.helpers.png import grey_png

_LOSSLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("PNG", {}), ("PNG", {"optimize": True}), ("BMP", {}), ("PPM", {}), ("TIFF", {})),
    *(("TIFF", {"compression": name}) for name in ("tiff_lzw", "tiff_deflate", "packbits", "zstd")),
    ("WEBP", {"lossless": True}),
)
_LOSSY: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("JPEG", {"quality": quality}) for quality in (60, 90, 100)),
    *(("WEBP", {"quality": quality}) for quality in (60, 100)),
    ("TIFF", {"compression": "jpeg", "quality": 90}),
)
_UNDO = {6: 8, 8: 6}
"""Orientation that undoes another; the others undo themselves."""


def read_stored_image(generator: random.Random, path: Path) -> None:
    """Store an image in a random form and read it; AssertionError for other pixels."""
    pixels = np.random.default_rng(generator.randrange(1000)).integers(0, 256, (34, 41, 3))
    form, options = generator.choice(_LOSSLESS + _LOSSY)
    image = Image.fromarray(pixels.astype(np.uint8))
    image = generator.choice((image, image.convert("L"), image.quantize(9)))
    orientation = generator.randrange(10)
    _save(image, path, form, orientation, **options)
    with path.open("rb") as stream, Image.open(stream) as file:
        expected = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    np.testing.assert_array_equal(read_image(path), expected)
    np.testing.assert_array_equal(read_source(path), expected)


class _Meaning(NamedTuple):
    """A label: the classes (H, W), and the value and the colour of each class and of no class."""

    classes: LabelMap
    values: dict[int, int]
    colors: dict[int, tuple[int, int, int]]

    @property
    def stored(self) -> NDArray[np.uint16]:
        """Value of each pixel, (H, W)."""
        table = np.zeros(ignored_label(self.classes.dtype) + 1, np.uint16)
        table[[*self.values]] = [*self.values.values()]
        return table[self.classes]

    @property
    def drawn(self) -> NDArray[np.uint8]:
        """Colour of each pixel, (H, W, 3)."""
        table = np.zeros((ignored_label(self.classes.dtype) + 1, 3), np.uint8)
        table[[*self.colors]] = [*self.colors.values()]
        return table[self.classes]


def read_stored_label(generator: random.Random, path: Path) -> None:
    """Store a label in a random form and read it.

    Raises AssertionError for other classes, InputError if it is refused.
    """
    count = generator.choice((*range(2, 7), 255, 256, 257, 847))
    dtype = label_dtype(count)
    void = ignored_label(dtype)
    top = generator.choice((15, 255, 255, 65535))
    values = generator.sample(range(max(count, top) + 1), count + 1)
    if generator.random() < 0.5:
        values = [*range(count), void]
    keys = [*range(count), void]
    greens = range(3 if count < 7 else 256)
    shades = [(red, green, 0) for red in (0, 1, 255, 2) for green in greens]
    colors = generator.sample(shades, count + 1)
    shape = generator.choice(((34, 41), (40, 40)))
    held = generator.sample(keys, generator.randrange(1, len(keys)))
    classes = np.array([generator.choice(held) for _ in range(shape[0] * shape[1])], dtype)
    meaning = _Meaning(
        classes.reshape(shape),
        dict(zip(keys, values, strict=True)),
        dict(zip(keys, colors, strict=True)),
    )
    coding = {"dtype": dtype, **generator.choice(_CODINGS)(meaning, generator, path)}
    lookup = {value: key for key, value in meaning.values.items()}
    drawn = {color: key for key, color in meaning.colors.items()}
    if generator.random() < 0.5:
        coding = {"colors": drawn, **coding}
    np.testing.assert_array_equal(read_label(path, lookup, **coding), meaning.classes)


def _grey(meaning: _Meaning, generator: random.Random, path: Path) -> dict[str, Any]:
    stored = meaning.stored
    if stored.max() < 256:
        stored = stored.astype(generator.choice((np.uint8, np.uint8, np.uint16)))
    image = Image.fromarray(stored)
    if stored.dtype == np.uint8 and generator.random() < 0.3:
        image = image.convert(generator.choice(("LA", "RGB", "P")))
    _store(image, path, generator)
    return {}


def _shallow(meaning: _Meaning, generator: random.Random, path: Path) -> dict[str, Any]:
    bits = generator.choice((1, 2, 4))
    white = 2**bits - 1
    stored = meaning.stored
    if (stored % (255 // white) == 0).all() and stored.max() < 256:
        stored = stored // (255 // white)  # as programs that shrink files do
    if stored.max() > white:
        raise InputError("cannot be stored with so few bits")
    grey_png(path, bits, stored.astype(np.uint8))
    return {}


def _indexed(meaning: _Meaning, generator: random.Random, path: Path) -> dict[str, Any]:
    if meaning.stored.max() > 255:
        raise InputError("cannot be stored as indices")
    image = Image.fromarray(meaning.stored.astype(np.uint8))
    image.putpalette(generator.choice((generator.randbytes(768), bytes(range(256)) * 3)))
    _store(image, path, generator)
    return {"indexed": True}


def _colored(meaning: _Meaning, generator: random.Random, path: Path) -> dict[str, Any]:
    image = Image.fromarray(meaning.drawn).convert(generator.choice(("RGB", "RGBA")))
    if generator.random() < 0.3 and image.getcolors(16):
        image = image.convert("RGB").quantize(16)  # with indices in an order of Pillow's
    _store(image, path, generator)
    return {"colors": {color: key for key, color in meaning.colors.items()}}


def _channel(meaning: _Meaning, generator: random.Random, path: Path) -> dict[str, Any]:
    if meaning.stored.max() > 255:
        raise InputError("cannot be stored in a channel")
    planes = np.random.default_rng(0).integers(0, 256, (*meaning.stored.shape, 3), np.uint8)
    planes[..., 1] = meaning.stored
    _store(Image.fromarray(planes), path, generator)
    return {"channel": "green"}


_CODINGS: tuple[Callable[[_Meaning, random.Random, Path], dict[str, Any]], ...] = (
    *(_grey, _grey, _shallow, _indexed, _colored, _channel),
)


def _store(image: Image.Image, path: Path, generator: random.Random) -> None:
    """Save a label in a random format, turned in a way that its orientation undoes."""
    form, options = generator.choice((*_LOSSLESS, *_LOSSLESS, *_LOSSY))
    orientation = generator.randrange(1, 9) if form in ("PNG", "TIFF", "WEBP", "JPEG") else 1
    image.getexif()[ExifTags.Base.Orientation] = _UNDO.get(orientation, orientation)
    turned = ImageOps.exif_transpose(image)
    _save(turned, path, form, orientation, **options)


def _save(image: Image.Image, path: Path, form: str, orientation: int, **options: Any) -> None:
    """Save an image with an EXIF orientation; InputError if the format lacks its mode."""
    if form == "WEBP" and image.mode == "I;16":
        raise InputError("cannot be stored as WEBP: Pillow clips values at 255")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if form not in ("BMP", "PPM"):
        options["exif"] = exif
    try:
        image.save(path, form, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(f"cannot be stored as {form} ({error})") from error
