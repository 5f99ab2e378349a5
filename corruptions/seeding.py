"""Where chance comes from: a seed for each (seed, image, corruption, severity).

Chance depends on what is corrupted and on nothing else, so that the order of the images, their
names, the number of workers and whatever ran before change no pixel.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from .checks import check_image

BY_CHANCE = frozenset(
    (
        *("motion_blur", "glass_blur"),
        *("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
        "elastic_transform",
        *("snow", "spatter", "fog", "frost"),
    )
)
"""The corruptions whose pixels depend on the seed."""


def image_key(image: NDArray[np.uint8]) -> str:
    """Return the digest that stands for an image in all its corruptions, 32 hex digits.

    It is taken from the shape and the decoded pixels of the RGB uint8 (H, W, 3) image, so a copy
    under another name or in another lossless format has the same key. A grey image, (H, W) or
    (H, W, 1), has that of its RGB form. Raises InputError for any other array.
    """
    pixels = np.ascontiguousarray(check_image(image))
    # SHA-256 rather than BLAKE2: twice as fast where the processor has instructions for it.
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels.data)
    return digest.hexdigest()[:32]


def stream_seed(seed: int, key: str, corruption: str, severity: int) -> int:
    """Return the seed, 64 bits, of the random numbers of one corruption of one image."""
    words = "\n".join((str(int(seed)), key, corruption, str(int(severity))))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")
