"""Pictures for the tests of the weather, and what the package makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def gradients(height: int, width: int) -> Pixels:
    """Return red from left to right, green from top to bottom, blue along the diagonal."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack(
        [columns * 255 // (width - 1), rows * 255 // (height - 1), (rows + columns) % 256], axis=-1
    ).astype(np.uint8)


PICTURES = {
    "noise": noise(33, 47),
    "black": np.zeros((33, 47, 3), np.uint8),
    "white": np.full((47, 33, 3), 255, np.uint8),
    "flat": np.full((64, 64, 3), (201, 100, 33), np.uint8),
    "gradients": gradients(97, 130),
    "480x360": gradients(360, 480),
    "tall": noise(301, 32),
}


def real_frame(shared_data: Path) -> Pixels:
    """Return a part of a real frame."""
    path = next((shared_data / "data" / "cityscapes_mini" / "leftImg8bit").rglob("*.png"))
    return np.asarray(Image.open(path).convert("RGB"))[300:620, 700:1211]  # (320, 511, 3)


def reference(image: Pixels, name: str, severity: int, seed: int) -> Pixels:
    """Return what the package makes of an image when NumPy's generator has this seed."""
    import imagecorruptions

    np.random.seed(seed)  # noqa: NPY002
    result: Pixels = imagecorruptions.corrupt(image, severity, name)
    return result


def differences(ours: Pixels, theirs: Pixels) -> NDArray[np.int16]:
    """Return the sizes of the differences, in grey levels."""
    return np.abs(np.subtract(ours, theirs, dtype=np.int16))
