"""PNG files that Pillow cannot write."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def grey_png(path: Path, bits: int, pixels: NDArray[np.uint8]) -> Path:
    """Write a grey PNG of 1, 2 or 4 bits."""
    planes = np.unpackbits(pixels[..., np.newaxis], axis=-1)[..., 8 - bits :]  # (H, W, bits)
    rows = np.packbits(planes.reshape(len(pixels), -1), axis=-1)  # (H, W * bits / 8)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    size = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, 0, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )
    return path
