"""JPEG compression at a low quality.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

It holds no chance, and with the same Pillow it gives that package's pixels.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

JPEG_COMPRESSION = (25, 18, 15, 10, 7)
"""By severity: the quality, as libjpeg counts it."""

STRIP = 128
"""Rows that Pillow hands over at a time; fresh memory for a frame can cost more than its JPEG."""


def jpeg_compression(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return the image, RGB uint8 (H, W, 3), after JPEG at a low quality.

    Its pixels are those of Pillow's libjpeg-turbo, whose integer transforms do not depend on the
    processor.
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
