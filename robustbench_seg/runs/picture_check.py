"""The form of stored pictures: small PNG files of the kinds that a run writes."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WIDEST, _HIGHEST = 512, 2**16
_CHANNELS = {(8, 2): 3, (8, 3): 1, (4, 3): 1, (2, 3): 1, (1, 3): 1, (8, 0): 1}
"""Values of a pixel, by bits and colour type: RGB, palette, grey."""
_LAST_FILTER = 4
"""Filters of rows are 0 to 4."""


class PictureError(ValueError):
    """Bytes that are not a picture of a run, and why."""


def picture_pixels(png: object, most: int) -> int:
    """Return the number of pixels of a picture of a run.

    It is a PNG file (ISO/IEC 15948), at most 512 pixels wide, of header, palette, pixels and end,
    each with its checksum. No more is decompressed than it has pixels. Raises PictureError for
    other bytes, and for more than `most` pixels.
    """
    if not isinstance(png, bytes) or not png.startswith(_SIGNATURE):
        raise PictureError("is no PNG file")
    chunks = _chunks(png)
    kinds = [kind for kind, _ in chunks]
    pixels = [content for kind, content in chunks if kind == b"IDAT"]
    palette = [content for kind, content in chunks if kind == b"PLTE"]
    form = [b"IHDR", *[b"PLTE"] * len(palette), *[b"IDAT"] * len(pixels), b"IEND"]
    if kinds != form or not pixels or len(palette) > 1 or len(chunks[0][1]) != 13:
        raise PictureError("has other parts than a run writes")
    width, height, bits, colors, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (0 < width <= _WIDEST and 0 < height <= _HIGHEST and width * height <= most):
        raise PictureError(f"is {width}x{height}, larger than a run writes, alone or with others")
    channels = _CHANNELS.get((bits, colors))
    if channels is None or any(rest) or (colors == 3) != bool(palette) or chunks[-1][1]:
        raise PictureError("is of another kind than a run writes")
    if palette and (len(palette[0]) % 3 or not 0 < len(palette[0]) // 3 <= 2**bits):
        raise PictureError("has a wrong palette")
    row = 1 + (width * bits * channels + 7) // 8  # a byte for the filter
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(b"".join(pixels), height * row + 1)
    except zlib.error as error:
        raise PictureError("is damaged") from error
    if len(content) != height * row or not stream.eof or stream.unused_data:
        raise PictureError("has more or fewer pixels than it says")
    if max(content[::row]) > _LAST_FILTER:
        raise PictureError("is damaged")
    return int(width * height)


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Return the kind and the content of each chunk; PictureError for a wrong checksum."""
    chunks = []
    place = len(_SIGNATURE)
    while place < len(png):
        head = png[place : place + 8]
        end = place + 8 + int.from_bytes(head[:4], "big")
        content = png[place + 8 : end]
        if png[end : end + 4] != zlib.crc32(head[4:] + content).to_bytes(4, "big"):
            raise PictureError("is damaged")
        chunks.append((head[4:], content))
        place = end + 4
    return chunks
