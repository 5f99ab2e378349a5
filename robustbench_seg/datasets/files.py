"""Reading image and label files, with one line for each kind of damage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError
from .base import IGNORE

FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are read, by Pillow's names: others start programs (EPS) or hold no photographs."""
MOST_PIXELS = 2**26
"""Limit of an image, 8192x8192: a small file may claim a size that fills the memory."""


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return an image as RGB uint8 (H, W, 3); InputError if it cannot be read."""
    with open_image(path) as file:
        check_depth(path, file)
        return np.asarray(file.convert("RGB"))


def read_label(path: Path, *, indexed: bool = False) -> NDArray[np.uint8]:
    """Return the values of a label file as uint8 (H, W); those of a palette image are its indices.

    Raises InputError, which says what was found, unless the file is an 8-bit grey image or, if
    `indexed`, a palette image.
    """
    with open_image(path) as file:
        if file.mode != "L" and not (indexed and file.mode == "P"):
            raise InputError(
                f"{path}: a label must be an 8-bit grey image of class IDs, this is {_found(file)}"
            )
        return np.asarray(file)


def _found(file: Image.Image) -> str:
    """Describe what a label file holds instead of 8-bit grey, and how to convert it."""
    pixels = np.asarray(file)
    if file.mode == "P":
        return (
            f"a palette image whose indices are {pixels.min()}-{pixels.max()}; if these are the "
            "IDs, give a taxonomy with indexed = true"
        )
    if file.mode.startswith("I"):
        return f"16-bit grey, values {pixels.min()}-{pixels.max()}; save it with 8 bits"
    if file.mode in ("RGB", "RGBA"):
        channels = pixels[..., :3]
        if (channels == channels[..., :1]).all():
            return "RGB with three equal channels; save one of them"
        color = tuple(channels.reshape(-1, 3)[0].tolist())
        return f"RGB colours, {color} in its first pixel; convert them to IDs"
    return f"{file.mode!r} (Pillow's name); convert it"


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open an image file of one of FORMATS and at most MOST_PIXELS; its extension does not matter.

    Raises InputError if the file cannot be opened, or cannot be decoded in the block.
    """
    try:
        with Image.open(path, formats=FORMATS) as file:
            if file.width * file.height > MOST_PIXELS:
                raise InputError(
                    f"{path}: claims {file.width}x{file.height} pixels; at most "
                    f"{MOST_PIXELS:,} are read; cut it into parts"
                )
            yield file
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; restore it, or name another") from error
    # Pillow raises many kinds of errors on damaged files, SyntaxError and struct.error among them.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path}: cannot be read as an image ({reason}); replace or remove it"
        ) from error


def check_depth(path: Path, file: Image.Image) -> None:
    """Raise InputError if an image has more than 8 bits a channel, of which Pillow would keep 8."""
    # Pillow's mode is RGB for 16-bit colour too; its decoder's argument, "RGB;16B", is not.
    arguments = [tile.args for tile in getattr(file, "tile", ()) if tile.args]
    stored = [each if isinstance(each, str) else str(each[0]) for each in arguments]
    if file.mode.startswith(("I", "F")) or any("16" in name for name in stored):
        raise InputError(
            f"{path}: an image must have 8 bits a channel, this one has more; convert it"
        )


@dataclass(frozen=True)
class FileFrame:
    """A frame stored in two files, an image and a label."""

    name: str
    image_path: Path
    label_path: Path
    lookup: Mapping[int, int] | None = None
    """Class of each value that the label file may hold; None: the values are the classes."""
    group: str = ""
    """As in `Frame`."""
    condition: str = ""
    """As in `Frame`."""
    indexed: bool = False
    """Whether the label may be a palette image, whose indices are its values."""

    def image(self) -> NDArray[np.uint8]:
        """Return the RGB image, uint8 (H, W, 3); InputError if it cannot be read."""
        return read_image(self.image_path)

    def label(self) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (H, W), IGNORE for pixels without one."""
        values = read_label(self.label_path, indexed=self.indexed)
        if self.lookup is None:
            return values
        held = np.flatnonzero(np.bincount(values.reshape(-1), minlength=256)).tolist()
        unknown = sorted({*held} - self.lookup.keys())
        if unknown:
            raise InputError(f"{self.label_path}: holds {_ranges(unknown)}, {self._allowed()}")
        table = np.zeros(256, np.uint8)
        table[list(self.lookup)] = list(self.lookup.values())
        return table[values]

    def _allowed(self) -> str:
        lookup = self.lookup or {}
        classes = [value for value, number in lookup.items() if number != IGNORE]
        ignored = [value for value, number in lookup.items() if number == IGNORE]
        return (
            f"outside the classes, {_ranges(classes)}, and what is ignored, {_ranges(ignored)}; "
            "convert it, or give a taxonomy of its values"
        )


def _ranges(values: Iterable[int]) -> str:
    """Format numbers as ranges: 0-18, 255."""
    ranges: list[list[int]] = []
    for value in sorted(values):
        if ranges and value == ranges[-1][1] + 1:
            ranges[-1][1] = value
        else:
            ranges.append([value, value])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in ranges) or "none"
