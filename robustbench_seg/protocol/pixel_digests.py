"""Digests of pixels, by which images, labels and confidences are recognised."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..label_types import LabelMap


def pixel_digest(pixels: LabelMap) -> str:
    """Return the SHA-256 of an image's or a label's bytes, (H, W, 3) or (H, W), row by row.

    Arrays of other shapes may have it too: compare the shape as well, or use `shaped_digest`.
    """
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def shaped_digest(pixels: NDArray[np.uint8 | np.uint16 | np.float32]) -> str:
    """Return the SHA-256 of an array's shape and type, such as "(256, 512, 3) uint8", and bytes."""
    digest = hashlib.sha256(f"{pixels.shape} {pixels.dtype}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
