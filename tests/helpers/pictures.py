"""Pictures for the tests of corruptions, and their pixels after `imagecorruptions`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.corruptions.reference import SEEDED_BY_ARGUMENT

Pixels = NDArray[np.uint8]


def noise(height: int, width: int, seed: int = 7) -> Pixels:
    """Return independent uniform values."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def gradients(height: int, width: int) -> Pixels:
    """Return red from left to right, green from top to bottom, blue along the diagonal."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [columns * 255 // (width - 1), rows * 255 // (height - 1), (rows + columns) % 256]
    return np.stack(planes, axis=-1).astype(np.uint8)  # (height, width, 3)


def flat(*colour: int, height: int = 33, width: int = 47) -> Pixels:
    """Return an image of one colour, RGB or a grey level."""
    return np.full((height, width, 3), colour, np.uint8)


PICTURES = {
    "noise": noise(96, 128),
    "33x47": noise(33, 47),
    "tall": noise(700, 32),
    "gradients": gradients(128, 200),
    "480x360": gradients(360, 480),
    "black": flat(0),
    "white": flat(255, height=47, width=33),
    "flat": flat(201, 100, 33, height=64, width=64),
}


@cache
def rendered_frame() -> Pixels:
    """Return a rendered scene of 2048 x 1024 pixels."""
    from robustbench_seg.datasets.streets import render

    return render("val", 1, 2048, 1024)[0]


def real_frames(shared_data: Path) -> Iterator[Pixels]:
    """Yield parts of the real frames, (260, 417, 3)."""
    for path in sorted((shared_data / "data/cityscapes_mini/leftImg8bit/val").rglob("*.png")):
        yield np.asarray(Image.open(path))[300:560, 700:1117]


def reference(image: Pixels, name: str, severity: int, seed: int = 0) -> Pixels:
    """Return the result of `imagecorruptions` with a seed."""
    import imagecorruptions

    np.random.seed(seed)  # noqa: NPY002
    arguments = {"seed": seed} if name in SEEDED_BY_ARGUMENT else {}
    result: Pixels = imagecorruptions.corrupt(image, severity, name, **arguments)
    return result


def differences(first: Pixels, second: Pixels) -> NDArray[np.int16]:
    """Return the absolute differences, in grey levels."""
    return np.abs(np.subtract(first, second, dtype=np.int16))
