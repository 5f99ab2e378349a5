"""Derive a seed for each corruption of an image.

It depends on the user's seed, the pixels, the corruption and the severity, and on nothing else:
file names, the order of the images and the number of workers change no pixel.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from .images import check_image


def image_key(image: NDArray[np.uint8]) -> str:
    """Return the digest of an image that seeds its corruptions, 32 hex digits.

    It covers the shape and the decoded pixels of the RGB uint8 (H, W, 3) image, so renaming the
    file or storing it in another lossless format keeps the key. A grey image, (H, W) or (H, W, 1),
    has the key of its RGB form. Raises InputError for any other array.
    """
    pixels = np.ascontiguousarray(check_image(image))
    # SHA-256 has processor instructions, which make it twice as fast as BLAKE2.
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels.data)
    return digest.hexdigest()[:32]


def stream_seed(seed: int, key: str, corruption: str, severity: float) -> int:
    """Return the 64-bit seed of the random stream for one corruption of one image."""
    words = "\n".join((str(int(seed)), key, corruption, f"{severity:g}"))  # 2.0 as 2
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")
