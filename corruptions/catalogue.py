"""Catalogue of the corruptions: category, randomness and module of each.

To add a corruption, write a module with a function of that name and one line at the end of this
file; other packages call `register`. Modules load Numba, so each is imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .checks import unknown
from .errors import InputError

CorruptionFunction = Callable[[NDArray[np.uint8], int, int], NDArray[np.uint8]]
"""(RGB image uint8 (H, W, 3), severity 1 to 5, 64-bit seed) -> new image of the same shape."""


@dataclass(frozen=True)
class Corruption:
    """A corruption and the module that implements it."""

    name: str
    category: str
    """Group in the tables: blur, noise, digital or weather, as in Table 5 of SegFormer."""
    module: str
    """Absolute name of the module with a function of the corruption's name."""
    random: bool
    """Whether the pixels depend on the seed."""

    @property
    def function(self) -> CorruptionFunction:
        """Function from image, severity and seed to the corrupted image."""
        function: CorruptionFunction = getattr(import_module(self.module, __package__), self.name)
        return function


_CORRUPTIONS: dict[str, Corruption] = {}

REGISTRY: Mapping[str, Corruption] = MappingProxyType(_CORRUPTIONS)
"""Read-only view of all corruptions by name, in the order of Table 5 of SegFormer."""


def register(corruption: Corruption) -> None:
    """Add a corruption to the catalogue; ValueError if its name is taken."""
    if corruption.name in _CORRUPTIONS:
        raise ValueError(f"corruption {corruption.name!r} is registered twice; choose another name")
    _CORRUPTIONS[corruption.name] = corruption


def corruption_names() -> tuple[str, ...]:
    """Return the names of all corruptions, grouped by category."""
    return tuple(_CORRUPTIONS)


def find(name: str) -> Corruption:
    """Return the corruption of that name; InputError lists the valid names."""
    try:
        return _CORRUPTIONS[name]
    except (KeyError, TypeError):  # TypeError: not hashable
        raise InputError(unknown("corruption", name, corruption_names())) from None


register(Corruption("motion_blur", "blur", ".blur.motion", random=True))
register(Corruption("defocus_blur", "blur", ".kernels.defocus", random=False))
register(Corruption("glass_blur", "blur", ".kernels.glass", random=True))
register(Corruption("gaussian_blur", "blur", ".blur.gaussian", random=False))
register(Corruption("zoom_blur", "blur", ".blur.zoom", random=False))
register(Corruption("gaussian_noise", "noise", ".noise.normal", random=True))
register(Corruption("impulse_noise", "noise", ".noise.impulse", random=True))
register(Corruption("shot_noise", "noise", ".noise.shot", random=True))
register(Corruption("speckle_noise", "noise", ".noise.normal", random=True))
register(Corruption("brightness", "digital", ".digital.hsv", random=False))
register(Corruption("contrast", "digital", ".digital.contrast", random=False))
register(Corruption("saturate", "digital", ".digital.hsv", random=False))
register(Corruption("jpeg_compression", "digital", ".digital.jpeg", random=False))
register(Corruption("pixelate", "digital", ".digital.pixelate", random=False))
register(Corruption("elastic_transform", "digital", ".digital.elastic", random=True))
register(Corruption("snow", "weather", ".kernels.snow", random=True))
register(Corruption("spatter", "weather", ".kernels.spatter", random=True))
register(Corruption("fog", "weather", ".kernels.fog", random=True))
register(Corruption("frost", "weather", ".kernels.frost", random=True))
