"""JPEG compression at a low quality."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ..arrays import Uint8

JPEG_COMPRESSION = (25, 18, 15, 10, 7)
"""By severity: quality, on the scale of libjpeg."""

STRIP = 128
"""Rows copied from Pillow at a time; allocating a whole frame can take longer than decoding it."""


def jpeg_compression(image: Uint8, severity: int, _stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), after JPEG compression.

    The integer transforms of Pillow's libjpeg-turbo give the same pixels on every processor.
    """
    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=JPEG_COMPRESSION[severity - 1])
    decoded = Image.open(file)
    result = np.empty_like(image, order="C")
    width = image.shape[1]
    for top in range(0, len(result), STRIP):
        rows = result[top : top + STRIP]
        rows[...] = np.asarray(decoded.crop((0, top, width, top + len(rows))))
    return result
