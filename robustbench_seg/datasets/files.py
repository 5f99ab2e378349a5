"""Reading image and label files, with one clear line for whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return the file's pixels as RGB uint8 (H, W, 3); InputError if it is no readable image."""
    with open_image(path) as file:
        check_depth(path, file)
        return np.asarray(file.convert("RGB"))


def read_label(path: Path) -> NDArray[np.uint8]:
    """Return the file's values as uint8 (H, W); InputError unless it is an 8-bit grey image."""
    with open_image(path) as file:
        if file.mode != "L":
            raise InputError(
                f"{path}: a label must be an 8-bit grey image of class IDs, this one is "
                f"{file.mode!r} (Pillow's name); convert it"
            )
        return np.asarray(file)


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open an image file; InputError where it cannot be read, be it only in the block."""
    try:
        with Image.open(path) as file:
            yield file
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    # Pillow raises many kinds of errors on damaged files, SyntaxError and struct.error among them.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot be read as an image ({reason})") from error


def check_depth(path: Path, file: Image.Image) -> None:
    """Raise InputError if an image has more than 8 bits a channel, of which Pillow would keep 8."""
    # Pillow calls 16 bits of colour RGB as well; what its decoder is told, "RGB;16B", tells.
    arguments = [tile.args for tile in getattr(file, "tile", ()) if tile.args]
    stored = [each if isinstance(each, str) else str(each[0]) for each in arguments]
    if file.mode.startswith(("I", "F")) or any("16" in name for name in stored):
        raise InputError(
            f"{path}: an image must have 8 bits a channel, this one has more; convert it"
        )


@dataclass(frozen=True)
class FileFrame:
    """A frame in two files: an image and its label."""

    name: str
    image_path: Path
    label_path: Path
    lookup: Mapping[int, int] | None = None
    """The class of each value that the label file may hold; None: the values are the classes."""

    def image(self) -> NDArray[np.uint8]:
        """Return the RGB image, uint8 (H, W, 3); InputError if it cannot be read."""
        return read_image(self.image_path)

    def label(self) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (H, W), 255 where there is none."""
        values = read_label(self.label_path)
        if self.lookup is None:
            return values
        unknown = sorted({int(value) for value in np.unique(values)} - self.lookup.keys())
        if unknown:
            raise InputError(f"{self.label_path}: holds {unknown[:5]}, which are no label IDs")
        table = np.zeros(256, np.uint8)
        table[list(self.lookup)] = list(self.lookup.values())
        return table[values]
