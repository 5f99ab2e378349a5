"""Conditions: what happens to an image before the model sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corruptions import Implementation, corrupt

from ..copies.corrupted_copy import Copy
from ..inference.rescaling import rescale
from ..protocol.input_geometry import NATIVE, InputView, RelativeWindow, Scale, Size

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

    @property
    def draw(self) -> int:
        """Which repetition of its chance this is, from 0."""
        ...

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:
        """Return what the model sees of an RGB uint8 (H, W, 3) image whose digest is `key`."""
        ...

    def view(self, frame: Size) -> InputView:
        """Return how the model looks at it, for a frame of this size before any rescaling."""
        ...


class _AsModelsDo:
    """Images that each model looks at in its own way."""

    draw = 0
    """Without chance, or with what was drawn before, there is one draw."""

    def view(self, frame: Size) -> InputView:  # noqa: ARG002
        """Return the model's own view."""
        return NATIVE


@dataclass(frozen=True)
class Clean(_AsModelsDo):
    """The image as it is."""

    name: str = CLEAN
    severity: int = 0

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:  # noqa: ARG002
        """Return the image."""
        return image


@dataclass(frozen=True)
class Corrupted(_AsModelsDo):
    """The image corrupted at its native resolution, before any resizing."""

    name: str
    severity: int
    implementation: Implementation = "native"
    draw: int = 0

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:
        """Return the corrupted image; chance is keyed by (seed + draw, key, name, severity)."""
        return corrupt(
            image,
            self.name,
            self.severity,
            seed=seed + self.draw,
            key=key,
            implementation=self.implementation,
        )


@dataclass(frozen=True)
class Stored(_AsModelsDo):
    """The image that a corrupted copy holds in place of this one."""

    name: str
    severity: int
    copy: Copy

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:  # noqa: ARG002
        """Return the copy's image; InputError if its pixels are not those that were written."""
        return self.copy.image(key, self.name, self.severity)


@dataclass(frozen=True)
class Rescaled:
    """Another condition's image, rescaled: it enters the network at that size.

    A size that a model brings along (ESPNet's 1024x512, a processor's) is set aside, so that a
    scale means the same for all models.
    """

    name: str
    severity: int
    of: Condition
    scale: Scale
    window: RelativeWindow | None = None
    """None: the model's own."""

    @property
    def draw(self) -> int:
        """That of what is rescaled."""
        return self.of.draw

    def apply(self, image: NDArray[np.uint8], key: str, seed: int) -> NDArray[np.uint8]:
        """Return the other condition's image at the size of the scale."""
        size = self.scale.size((image.shape[0], image.shape[1]))
        return rescale(self.of.apply(image, key, seed), size)

    def view(self, frame: Size) -> InputView:
        """Return a view of the image as it is, through the window if there is one."""
        return InputView(True, self.window.window(frame) if self.window else None)
