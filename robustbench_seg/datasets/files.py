"""Reading image and label files, with one clear line for whatever is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return the file's pixels as RGB uint8 (H, W, 3); InputError if it is no readable image."""
    return _decode(path, "RGB")


def read_label(path: Path) -> NDArray[np.uint8]:
    """Return the file's values as uint8 (H, W); InputError unless it is an 8-bit grey image."""
    return _decode(path, "L")


def _decode(path: Path, mode: str) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as file:
            if mode == "L" and file.mode != "L":
                raise InputError(
                    f"{path}: a label must be an 8-bit grey image of class IDs, this one is "
                    f"{file.mode!r} (Pillow's name); convert it"
                )
            return np.asarray(file.convert(mode))
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    # Pillow raises many kinds of errors on damaged files, SyntaxError and struct.error among them.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot be read as an image ({reason})") from error


@dataclass(frozen=True)
class FileFrame:
    """A frame in two files: an image and its label, whose values go through a lookup table."""

    name: str
    image_path: Path
    label_path: Path
    lookup: tuple[int, ...] = tuple(range(256))
    """The class of each value 0-255 of the label file."""

    def image(self) -> NDArray[np.uint8]:
        """Return the RGB image, uint8 (H, W, 3); InputError if it cannot be read."""
        return read_image(self.image_path)

    def label(self) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (H, W), 255 where there is none."""
        return np.array(self.lookup, np.uint8)[read_label(self.label_path)]
