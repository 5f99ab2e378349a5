"""JPEG compression at a low quality."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ..arrays import Uint8
from ..severity_table import Parameter, SeverityTable, Strength

JPEG_COMPRESSION = SeverityTable(Parameter("quality", (25, 18, 15, 10, 7), 1, 100, whole=True))
"""Quality, on the scale of libjpeg."""

STRIP = 128
"""Rows copied from Pillow at a time; allocating a whole frame can take longer than decoding it."""


def jpeg_compression(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), after JPEG compression.

    The integer transforms of Pillow's libjpeg-turbo give the same pixels on every processor.
    """
    file = BytesIO()
    (quality,) = JPEG_COMPRESSION.at(strength)
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    decoded = Image.open(file)
    result = np.empty_like(image, order="C")
    width = image.shape[1]
    for top in range(0, len(result), STRIP):
        rows = result[top : top + STRIP]
        rows[...] = np.asarray(decoded.crop((0, top, width, top + len(rows))))
    return result
