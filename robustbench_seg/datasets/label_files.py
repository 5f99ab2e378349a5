"""Reading label files: the value of each pixel, or one line that says what is stored instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from ..errors import InputError
from ..label_types import UINT8, LabelMap, ignored_label
from ..reading import read_data
from .image_files import open_image, stored_modes, upright
from .label_values import Allowed, Values, classes_of, held_values, unscaled

Color = tuple[int, int, int]
Channel = Literal["red", "green", "blue"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
LARGEST = 2**16 - 1
"""Largest value of a label file."""
_GIVE = "give a taxonomy"
_LOSSLESS_TIFF = {
    *("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "tiff_raw_16"),
    *("lzma", "zstd", "tiff_ccitt", "group3", "group4"),
}
"""Pillow's names of the compressions of TIFF files that keep every value."""
_SHALLOW = {"1": 1, "1;R": 1, "L;2": 3, "L;4": 15}
"""White of grey with less than 8 bits, by how it is stored."""


def read_label(
    path: Path,
    lookup: Mapping[int, int] | None = None,
    *,
    indexed: bool = False,
    colors: Mapping[Color, int] | None = None,
    channel: Channel | None = None,
    dtype: np.dtype[Any] = UINT8,
    palette: dict[int, Color] | None = None,
) -> LabelMap:
    """Return the class of each pixel of a label file, (H, W) of type `dtype`, turned upright.

    `lookup` maps the values that the file may hold to classes, or to the type's value of ignored
    pixels; None: the values are the classes. The values are grey levels or, if `indexed`, the
    indices of a palette image, or one `channel` of an RGB image. Colours are else looked up in
    `colors`, which map to the same. `palette` gets the colours of the indices, which must be those
    of the labels before. Raises InputError, which says what was found, for other files, other
    values, and files whose compression changes values.
    """
    if lookup is None:
        lookup = {value: value for value in range(ignored_label(dtype) + 1)}
    allowed = Allowed(lookup, dtype)
    with open_image(path) as file:
        _check_lossless(path, file)
        modes, white = stored_modes(file), _white(file)
        label = _plain(path, upright(file))
        if channel is not None and label.mode == "RGB":
            values = _channel(path, label, modes, channel)
        elif label.mode == "L" or label.mode.startswith("I"):
            if any("I" in mode.partition(";")[2] for mode in modes):
                raise _refused(path, "grey with 0 as white; save it with 0 as black")
            values = np.asarray(label)
        elif label.mode == "P" and indexed:
            values = np.asarray(label)
            _check_palette(path, label, values, {} if palette is None else palette)
        elif (decoded := _decoded(label, modes, colors or {}, dtype)) is not None:
            _check_greys(path, label, decoded, allowed)
            return decoded
        elif label.mode == "P" and _is_grey_ramp(label):
            values = np.asarray(label)
        elif label.mode == "RGB" and not _is_wide(modes) and _is_grey(label):
            values = np.asarray(label)[..., 0]  # (H, W, 3) -> (H, W)
        else:
            raise _refused(path, _found(label, modes, colors or {}))
    if white is not None:
        values = unscaled(path, values, white, allowed)
    return classes_of(path, values, allowed)


def _check_lossless(path: Path, file: ImageFile) -> None:
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
    content = read_data(path)
    place = 12
    while place + 8 <= len(content):
        name = content[place : place + 4]
        if name in (b"VP8 ", b"VP8L", b"ANMF"):
            return name == b"VP8L"
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
    return False


def _white(file: ImageFile) -> int | None:
    """Return the value that Pillow scales to the largest of its mode; None if it scales nothing."""
    for tile in file.tile:
        if tile.codec_name in ("ppm", "ppm_plain") and isinstance(tile.args, tuple):
            return int(tile.args[1])
    return next((_SHALLOW[mode[:3]] for mode in stored_modes(file) if mode[:3] in _SHALLOW), None)


def _plain(path: Path, file: Image.Image) -> Image.Image:
    """Return an image without alpha channel, in 8 bits if it has 1; InputError if transparent."""
    if file.mode == "1":
        return file.convert("L")
    if file.mode not in ("LA", "RGBA"):
        return file
    if np.asarray(file)[..., -1].min() < 255:
        raise _refused(path, "partly transparent; save it without an alpha channel")
    return file.convert(file.mode.removesuffix("A"))


def _check_palette(
    path: Path, file: Image.Image, values: Values, palette: dict[int, Color]
) -> None:
    """Raise InputError if an index has another colour than in the labels before."""
    flat = file.getpalette("RGB") or []
    for index in sorted(held_values(values)):
        red, green, blue = (*flat[3 * index : 3 * index + 3], 0, 0, 0)[:3]
        first = palette.setdefault(index, (red, green, blue))
        if first != (red, green, blue):
            raise InputError(
                f"{path}: index {index} of its palette is {(red, green, blue)}, and {first} in "
                "other labels: a program has ordered the palette anew; save all labels with one"
            )


def _channel(path: Path, file: Image.Image, modes: tuple[str, ...], channel: Channel) -> Values:
    """Return the values (H, W) of one channel of a decoded RGB file."""
    number = CHANNELS.index(channel)
    high = np.asarray(file)[..., number]  # (H, W, 3) -> (H, W)
    if not _is_wide(modes):
        return high
    if modes not in (("RGB;16B",), ("RGBA;16B",)):
        raise _refused(path, "colour with 16 bits a channel, which is read from PNG files only")
    with open_image(path) as again:
        # Pillow keeps the first of the two bytes of a channel. In the other byte order, that is
        # the last one.
        again.tile = [tile._replace(args=modes[0].replace("16B", "16L")) for tile in again.tile]
        low = np.asarray(upright(again))[..., number]  # (H, W, 3) -> (H, W)
    values: Values = (high.astype(np.uint16) << 8) + low
    return values


def _decoded(
    file: Image.Image, modes: tuple[str, ...], colors: Mapping[Color, int], dtype: np.dtype[Any]
) -> LabelMap | None:
    """Return the class of each pixel's colour, (H, W); None if there is another colour."""
    if not colors or file.mode not in ("RGB", "P") or _is_wide(modes):
        return None
    numbers = _numbered(np.asarray(file.convert("RGB")))  # (H, W, 3) -> (H, W)
    ordered = sorted(colors)
    known = _numbered(np.array(ordered, np.uint8))  # (K, 3) -> (K,)
    places = np.searchsorted(known[:-1], numbers)
    if (known[places] != numbers).any():
        return None
    classes = np.array([colors[color] for color in ordered], dtype)
    decoded: LabelMap = classes[places]
    return decoded


def _numbered(colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return a number for each colour, which orders as the colours do: (..., 3) -> (...)."""
    red, green, blue = (colors[..., place].astype(np.uint32) for place in range(3))
    return np.asarray(red << 16 | green << 8 | blue, np.uint32)


def _check_greys(path: Path, file: Image.Image, decoded: LabelMap, allowed: Allowed) -> None:
    """Raise InputError if the greys of an image could also be values, of other classes."""
    if not _is_grey(file):
        return
    greys = np.asarray(file.convert("RGB"))[..., 0]  # (H, W, 3) -> (H, W)
    if (
        held_values(greys) <= allowed.classes.keys()
        and (classes_of(path, greys, allowed) != decoded).any()
    ):
        raise InputError(
            f"{path}: shows greys alone, which are other classes as colours than as values; save "
            "it as an 8-bit grey image of values"
        )


def _is_wide(modes: tuple[str, ...]) -> bool:
    """Return whether a channel has 16 bits."""
    return any("16" in mode for mode in modes)


def _is_grey(file: Image.Image) -> bool:
    """Return whether an RGB or palette image shows greys alone."""
    colors = np.asarray(file.convert("RGB"))
    return bool((colors == colors[..., :1]).all())


def _is_grey_ramp(file: Image.Image) -> bool:
    """Return whether each index of a palette image is also its grey level."""
    indices, colors = np.asarray(file), np.asarray(file.convert("RGB"))
    return bool((colors == indices[..., np.newaxis]).all())


def _refused(path: Path, found: str) -> InputError:
    return InputError(f"{path}: a label must be a grey image of class IDs, this is {found}")


def _found(file: Image.Image, modes: tuple[str, ...], colors: Mapping[Color, int]) -> str:
    """Describe what a label file holds instead of grey values, and what to do."""
    pixels = np.asarray(file)
    if _is_wide(modes):
        return (
            "colour with 16 bits a channel; if one of them holds the IDs, give a taxonomy with "
            'channel = "red"'
        )
    if file.mode == "P":
        indices = f"whose indices are {pixels.min()}-{pixels.max()}"
        if not _is_grey(file):
            return f"a palette image {indices}; if these are the IDs, {_GIVE} with indexed = true"
        greys = np.asarray(file.convert("L"))
        return (
            f"a palette image whose greys are {greys.min()}-{greys.max()} and {indices}; if the "
            "greys are the IDs, save them as an 8-bit grey image; if the indices are, "
            f"{_GIVE} with indexed = true"
        )
    if file.mode != "RGB":
        return f"{file.mode!r} (Pillow's name); convert it"
    held = [name for name, largest in zip(CHANNELS, pixels.max((0, 1)), strict=True) if largest]
    if len(held) == 1:
        return f'RGB with values in {held[0]} alone; {_GIVE} with channel = "{held[0]}"'
    shown = (tuple(color) for color in np.unique(pixels.reshape(-1, 3), axis=0).tolist())
    unknown = next(color for color in shown if color not in colors)
    return (
        f"RGB with the colour {unknown}, which is no class's; {_GIVE} in which each class has its "
        "color, and ignore holds the others"
    )
