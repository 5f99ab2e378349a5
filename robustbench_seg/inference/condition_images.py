"""Images of conditions: corrupted here or read from a corrupted copy, then rescaled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..corruptions import Implementation, corrupt
from ..protocol.condition import Draw
from ..protocol.region import Mask
from .rescaling import rescale


@dataclass(frozen=True)
class ConditionImages:
    """Makes what models see under a condition from a frame's image."""

    seed: int = 0
    implementation: Implementation = "native"
    read: Callable[[str, str, float], NDArray[np.uint8]] | None = None
    """Return the image with a key under a corruption and severity; None: they are made here."""

    def make(
        self,
        draw: Draw,
        image: NDArray[np.uint8],
        key: str,
        mask: Mask | None = None,
        depth: NDArray[np.float32] | None = None,
    ) -> NDArray[np.uint8]:
        """Return the image of a draw, RGB uint8 (H', W', 3), from a frame's (H, W, 3).

        `depth` (H, W) is in metres, for the corruptions that need it. A mask (H, W) says how much
        of the corruption each pixel shows; None: all of it.
        `key` is the image's digest; randomness depends on (seed + draw number, key, corruption,
        severity) alone. Raises InputError where a copy's image is not as it was written.
        """
        condition = draw.condition
        if condition.corruption is not None:
            name, severity = condition.corruption
            clean = image
            if self.read is not None:
                image = self.read(key, name, severity)
            else:
                image = corrupt(
                    image,
                    name,
                    severity,
                    seed=self.seed + draw.number,
                    key=key,
                    parameters=dict(condition.parameters),
                    depth=depth,
                    implementation=self.implementation,
                )
            if mask is not None:
                image = blend(clean, image, mask)
        if condition.scale is not None:
            height, width, _ = image.shape
            size = condition.scale.size((height, width))
            image = rescale(image, size)  # (H, W, 3) -> (H', W', 3)
        return image


def blend(clean: NDArray[np.uint8], corrupted: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """Return the corrupted image (H, W, 3) where a mask (H, W) is 255, and the clean one at 0.

    In between they are mixed, rounded to the nearest grey level.
    """
    share = mask[..., np.newaxis].astype(np.uint16)  # (H, W, 1)
    return ((clean * (255 - share) + corrupted * share + 127) // 255).astype(np.uint8)
