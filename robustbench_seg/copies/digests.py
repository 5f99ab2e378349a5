"""Digests of pixels: equal digests on two machines mean equal corrupted images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..corruptions import corrupt, image_key
from ..datasets.streets import photograph
from ..protocol.pixel_digests import pixel_digest
from ..protocol.suites import Suite

SCENE = ("val", 0, 512, 256)
"""Scene of streets whose corrupted images are compared: split, index, width and height."""


@dataclass(frozen=True)
class ImageDigest:
    """SHA-256 of an image under one condition."""

    corruption: str
    severity: float
    sha256: str


def suite_digests(suite: Suite) -> tuple[ImageDigest, ...]:
    """Return the digest of `SCENE` under each corruption of a suite, in its order."""
    image, _, depth = photograph(*SCENE)
    return image_digests(image, suite.corrupted, suite.corrupted, depth)


def image_digests(
    image: NDArray[np.uint8],
    conditions: Iterable[tuple[str, float]],
    parameters: Mapping[tuple[str, float], Mapping[str, float]] = MappingProxyType({}),
    depth: NDArray[np.float32] | None = None,
) -> tuple[ImageDigest, ...]:
    """Return the digest of an RGB uint8 (H, W, 3) image under each (corruption, severity).

    Some conditions may have parameters in place of those of the severity, and need depth (H, W).
    """
    key = image_key(image)
    return tuple(
        ImageDigest(
            *condition,
            pixel_digest(
                corrupt(
                    image,
                    *condition,
                    key=key,
                    parameters=parameters.get(condition, {}),
                    depth=depth,
                )
            ),
        )
        for condition in conditions
    )


def total_digest(digests: Iterable[ImageDigest]) -> str:
    """Return one digest of many."""
    lines = "".join(f"{each.corruption} {each.severity} {each.sha256}\n" for each in digests)
    return hashlib.sha256(lines.encode()).hexdigest()
