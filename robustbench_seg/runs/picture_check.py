"""The form of stored pictures: small PNG files of the kinds that a run writes."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WIDEST, _HIGHEST = 512, 2**16
_CHANNELS = {(8, 2): 3, (8, 3): 1, (4, 3): 1, (2, 3): 1, (1, 3): 1, (8, 0): 1}
"""Values of a pixel, by bits and colour type: RGB, palette, grey."""


def picture_problem(png: object) -> str:
    """Return why bytes are not a picture of a run, or "".

    It is a PNG file (ISO/IEC 15948), at most 512 pixels wide, of header, palette, pixels and end,
    each with its checksum. No more is decompressed than it has pixels.
    """
    if not isinstance(png, bytes) or not png.startswith(_SIGNATURE):
        return "is no PNG file"
    chunks = []
    place = len(_SIGNATURE)
    while place < len(png):
        head = png[place : place + 8]
        length = int.from_bytes(head[:4])
        content = png[place + 8 : place + 8 + length]
        checksum = png[place + 8 + length : place + 12 + length]
        if checksum != zlib.crc32(head[4:] + content).to_bytes(4):
            return "is damaged"
        chunks.append((head[4:], content))
        place += 12 + length
    kinds = [kind for kind, _ in chunks]
    pixels = [content for kind, content in chunks if kind == b"IDAT"]
    palette = [content for kind, content in chunks if kind == b"PLTE"]
    form = [b"IHDR", *[b"PLTE"] * len(palette), *[b"IDAT"] * len(pixels), b"IEND"]
    if kinds != form or not pixels or len(palette) > 1 or len(chunks[0][1]) != 13:
        return "has other parts than a run writes"
    width, height, bits, colors, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (0 < width <= _WIDEST and 0 < height <= _HIGHEST):
        return f"is {width}x{height}; a run writes at most {_WIDEST}x{_HIGHEST}"
    channels = _CHANNELS.get((bits, colors))
    if channels is None or any(rest) or (colors == 3) != bool(palette) or chunks[-1][1]:
        return "is of another kind than a run writes"
    if palette and (len(palette[0]) % 3 or not 0 < len(palette[0]) // 3 <= 2**bits):
        return "has a wrong palette"
    row = 1 + (width * bits * channels + 7) // 8  # a byte for the filter
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(b"".join(pixels), height * row + 1)
    except zlib.error:
        return "is damaged"
    if len(content) != height * row or not stream.eof or stream.unused_data:
        return "has more or fewer pixels than it says"
    return "" if max(content[::row]) <= 4 else "is damaged"
