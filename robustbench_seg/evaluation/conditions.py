"""Conditions: what happens to an image before the model sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corruptions import Implementation, Suite, corrupt

from ..copies.copy import Copy

CLEAN = "clean"


class Condition(Protocol):
    """One interface for clean images and for every way to change them."""

    @property
    def name(self) -> str:
        """The name without the severity, e.g. "fog"."""
        ...

    @property
    def severity(self) -> int:
        """The severity, 1-5; 0 where there is none."""
        ...

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:
        """Return what the model sees of an RGB uint8 (H, W, 3) image whose digest is `key`."""
        ...


@dataclass(frozen=True)
class Clean:
    """The image as it is."""

    name: str = CLEAN
    severity: int = 0

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:  # noqa: ARG002
        """Return the image."""
        return image


@dataclass(frozen=True)
class Corrupted:
    """The image corrupted at its native resolution, before any resizing."""

    name: str
    severity: int
    implementation: Implementation = "ours"

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:
        """Return the corrupted image; chance is keyed by (seed, key, name, severity)."""
        return corrupt(
            image,
            self.name,
            self.severity,
            seed=seed,
            key=key,
            implementation=self.implementation,
        )


@dataclass(frozen=True)
class Stored:
    """The image that a corrupted copy holds in place of this one."""

    name: str
    severity: int
    copy: Copy

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:  # noqa: ARG002
        """Return the copy's image; InputError if its pixels are not those that were written."""
        return self.copy.image(key, self.name, self.severity)


def conditions_of(suite: Suite) -> tuple[Condition, ...]:
    """Return the clean condition and all conditions of the suite, in its order."""
    return (Clean(), *(Corrupted(name, severity) for name, severity in suite.conditions()))
