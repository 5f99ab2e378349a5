"""Random resize, crop and flip of an image with its label, for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .base import IGNORE


@dataclass(frozen=True)
class Augmentation:
    """A random resize by a factor, a random crop (height, width) and a random flip.

    Where the resized image is smaller than the crop it is padded: black, and ignored in the label.
    """

    crop: tuple[int, int]
    resize: tuple[float, float]

    def __call__(
        self, image: NDArray[np.uint8], label: NDArray[np.uint8], random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return image (H, W, 3) and label (H, W) of the crop's size, both uint8."""
        factor = random.uniform(*self.resize)
        size = tuple(max(1, round(side * factor)) for side in label.shape[::-1])
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        label = np.asarray(Image.fromarray(label).resize(size, Image.Resampling.NEAREST))
        (height, width), (rows, columns) = label.shape, self.crop
        top = int(random.integers(0, max(height - rows, 0) + 1))
        left = int(random.integers(0, max(width - columns, 0) + 1))
        area = (slice(top, top + rows), slice(left, left + columns))
        below, right = max(rows - height, 0), max(columns - width, 0)
        image = np.pad(image[area], ((0, below), (0, right), (0, 0)))
        label = np.pad(label[area], ((0, below), (0, right)), constant_values=IGNORE)
        if random.random() < 0.5:
            image, label = image[:, ::-1], label[:, ::-1]
        return np.ascontiguousarray(image), np.ascontiguousarray(label)
