"""Opening image files: their formats, their damage, and how they are turned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from ..errors import InputError
from ..reading import open_data

FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are read, by Pillow's names: others start programs (EPS) or hold no photographs."""
MOST_PIXELS = 2**26
"""Limit of an image, 8192x8192: a small file may claim a size that fills the memory."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns an image upright, by the orientation in its EXIF data."""


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return an upright image as RGB uint8 (H, W, 3); InputError if it cannot be read."""
    with open_image(path) as file:
        check_depth(path, file)
        return np.asarray(upright(file).convert("RGB"))


@contextmanager
def open_image(path: Path) -> Iterator[ImageFile]:
    """Open an image file of one of FORMATS and at most MOST_PIXELS; its extension does not matter.

    The pixels of the file are as stored; see `upright`. Raises InputError if the file cannot be
    opened, or cannot be decoded in the block.
    """
    try:
        # Of a path, Pillow maps uncompressed files into memory, and garbles turned TIFF files.
        with open_data(path) as stream, Image.open(stream, formats=FORMATS) as file:
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


def upright(file: ImageFile) -> Image.Image:
    """Return an image turned as its EXIF orientation says, as viewers and annotation tools do."""
    file.load()  # which turns a TIFF, and then removes its tag
    turn = _TURNS.get(orientation(file))
    return file if turn is None else file.transpose(turn)


def orientation(file: ImageFile) -> int:
    """Return the EXIF orientation of an image, 1 to 8; 1 is upright, or unknown."""
    try:
        found = file.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # of damaged EXIF data, which viewers pass over: the pixels are whole
        return 1
    return found if found in _TURNS else 1


def stored_modes(file: ImageFile) -> tuple[str, ...]:
    """Return how the pixels are stored, by Pillow's names such as "RGB;16B"; before decoding."""
    # Pillow's mode is RGB for 16-bit colour too; its decoder's argument, "RGB;16B", is not.
    arguments = [tile.args for tile in file.tile if tile.args]
    return tuple(each if isinstance(each, str) else str(each[0]) for each in arguments)


def check_depth(path: Path, file: ImageFile) -> None:
    """Raise InputError if an image has more than 8 bits a channel, of which Pillow would keep 8."""
    if file.mode.startswith(("I", "F")) or any("16" in mode for mode in stored_modes(file)):
        raise InputError(
            f"{path}: an image must have 8 bits a channel, this one has more; scale its values to "
            "0-255 and save them with 8 bits"
        )
