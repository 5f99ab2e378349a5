"""Reading label files: the value of each pixel, or one line that says what is stored instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from ..errors import InputError
from .base import IGNORE
from .image_files import open_image, stored_modes, upright

Labels = NDArray[np.unsignedinteger | np.signedinteger]
_LOSSLESS_TIFF = {
    *("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "tiff_raw_16"),
    *("lzma", "zstd", "tiff_ccitt", "group3", "group4"),
}
"""Pillow's names of the compressions of TIFF files that keep every value."""
_SHALLOW = {"1": 1, "1;R": 1, "L;2": 3, "L;4": 15}
"""White of grey with less than 8 bits, by how it is stored."""


def read_label(
    path: Path, lookup: Mapping[int, int] | None = None, *, indexed: bool = False
) -> NDArray[np.uint8]:
    """Return the class of each pixel of a label file as uint8 (H, W), turned upright.

    `lookup` maps the values that the file may hold to classes or IGNORE; None: the values are the
    classes. The values are grey levels or, if `indexed`, the indices of a palette image. Raises
    InputError, which says what was found, for other files, other values, and files whose
    compression changes values.
    """
    with open_image(path) as file:
        _check_lossless(path, file)
        modes, white = stored_modes(file), _white(file)
        values = _values(path, upright(file), modes, indexed)
    allowed = {value: value for value in range(256)} if lookup is None else lookup
    if white is not None:
        values = _unscaled(path, values, white, allowed)
    return _classes(path, values, allowed)


def _check_lossless(path: Path, file: Image.Image) -> None:
    """Raise InputError for a format that changes values, or that holds several images."""
    lossy = ""
    if file.format in ("JPEG", "MPO"):
        lossy = "a JPEG file"
    elif file.format == "TIFF" and file.info.get("compression") not in _LOSSLESS_TIFF:
        lossy = f"a TIFF file with {file.info.get('compression')} compression"
    elif file.format == "WEBP" and not _is_lossless_webp(path):
        lossy = "a lossy WebP file"
    if lossy:
        raise InputError(
            f"{path}: is {lossy}, whose compression changes the classes of pixels; export the "
            "labels anew, as PNG"
        )
    if getattr(file, "n_frames", 1) > 1:
        raise InputError(f"{path}: holds several images; save the label alone")


def _is_lossless_webp(path: Path) -> bool:
    # RIFF chunks: a name and a length in 4 bytes each, and content of an even length.
    content = path.read_bytes()
    place = 12
    while place + 8 <= len(content):
        name = content[place : place + 4]
        if name in (b"VP8 ", b"VP8L", b"ANMF"):
            return name == b"VP8L"
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
    return False


def _white(file: Image.Image) -> int | None:
    """Return the value that Pillow scales to the largest of its mode; None if it scales nothing."""
    for tile in file.tile if isinstance(file, ImageFile) else ():
        if tile.codec_name in ("ppm", "ppm_plain") and isinstance(tile.args, tuple):
            return int(tile.args[1])
    return next((_SHALLOW[mode[:3]] for mode in stored_modes(file) if mode[:3] in _SHALLOW), None)


def _values(path: Path, file: Image.Image, modes: tuple[str, ...], indexed: bool) -> Labels:
    """Return the values (H, W) of a decoded label file; InputError if it holds none."""
    if any("I" in mode.partition(";")[2] for mode in modes):
        raise _refused(path, "grey with 0 as white; save it with 0 as black")
    if file.mode in ("LA", "RGBA") and not any("16" in mode for mode in modes):
        if np.asarray(file)[..., -1].min() < 255:
            raise _refused(path, "partly transparent; save it without an alpha channel")
        file = file.convert(file.mode.removesuffix("A"))
    if file.mode == "1":
        return np.asarray(file.convert("L"))
    if file.mode == "L" or file.mode.startswith("I"):
        return np.asarray(file)
    if file.mode == "P" and (indexed or _is_grey_ramp(file)):
        return np.asarray(file)
    raise _refused(path, _found(file, modes))


def _is_grey_ramp(file: Image.Image) -> bool:
    """Return whether each index of a palette image is also its grey level."""
    indices, colors = np.asarray(file), np.asarray(file.convert("RGB"))
    return bool((colors == indices[..., np.newaxis]).all())


def _refused(path: Path, found: str) -> InputError:
    return InputError(f"{path}: a label must be a grey image of class IDs, this is {found}")


def _found(file: Image.Image, modes: tuple[str, ...]) -> str:
    """Describe what a label file holds instead of grey values, and how to convert it."""
    pixels = np.asarray(file)
    if file.mode == "P":
        indices = f"indices are {pixels.min()}-{pixels.max()}"
        colors = np.asarray(file.convert("RGB"))  # (H, W) -> (H, W, 3)
        if (colors == colors[..., :1]).all():
            return (
                f"a palette image whose greys are {colors.min()}-{colors.max()} and whose "
                f"{indices}; if the greys are the IDs, save them as an 8-bit grey image, if the "
                "indices are, give a taxonomy with indexed = true"
            )
        return (
            f"a palette image whose {indices}; if these are the IDs, give a taxonomy with "
            "indexed = true"
        )
    if any("16" in mode for mode in modes):
        return "colour with 16 bits a channel; save the channel that holds the IDs as 16-bit grey"
    if file.mode == "RGB":
        if (pixels == pixels[..., :1]).all():
            return "RGB with three equal channels; save one of them"
        color = tuple(pixels[0, 0].tolist())
        return f"RGB colours, {color} in its first pixel; convert them to IDs"
    return f"{file.mode!r} (Pillow's name); convert it"


def _unscaled(path: Path, scaled: Labels, white: int, allowed: Mapping[int, int]) -> Labels:
    """Return the values of grey whose white is stored as `white`, and scaled to 255 or 65,535.

    Tools disagree on which of both is the value. Raises InputError where both could be meant.
    """
    largest = 255 if scaled.dtype == np.uint8 else 65535
    stored = (scaled.astype(np.uint32) * white + largest // 2) // largest
    fitting = [each for each in (stored, scaled) if _held(each) <= allowed.keys()]
    if not fitting:
        return stored
    first, last = (_classes(path, each, allowed) for each in (fitting[0], fitting[-1]))
    if not np.array_equal(first, last):
        raise InputError(
            f"{path}: its white is stored as {white}, and the classes differ if that means "
            f"{largest}; save it with 8 bits, or give a taxonomy whose values and ignore hold only "
            "one of them"
        )
    return fitting[0]


def _held(values: Labels) -> set[int]:
    """Return the values that occur."""
    if values.dtype == np.uint8:
        found: set[int] = {*np.flatnonzero(np.bincount(values.reshape(-1))).tolist()}
        return found
    return {*np.unique(values).tolist()}


def _classes(path: Path, values: Labels, allowed: Mapping[int, int]) -> NDArray[np.uint8]:
    """Look values (H, W) up; InputError for one that is not allowed."""
    held = sorted(_held(values))
    if unknown := [value for value in held if value not in allowed]:
        raise InputError(f"{path}: holds {_ranges(unknown)}, {_described(allowed)}")
    table = np.zeros(held[-1] + 1, np.uint8)
    table[held] = [allowed[value] for value in held]
    return table[values]


def _described(allowed: Mapping[int, int]) -> str:
    classes = [value for value, number in allowed.items() if number != IGNORE]
    ignored = [value for value, number in allowed.items() if number == IGNORE]
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
