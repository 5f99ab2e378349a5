"""Which corruptions there are, and the module that makes each.

The modules load Numba, so each is imported with the first call of one of its functions.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from .reference import CATEGORIES
from .registry import CorruptionFunction, register

OURS = {
    "blur.motion": ("motion_blur",),
    "blur.defocus": ("defocus_blur",),
    "blur.glass": ("glass_blur",),
    "blur.gaussian": ("gaussian_blur",),
    "noise.normal": ("gaussian_noise", "speckle_noise"),
    "noise.impulse": ("impulse_noise",),
    "noise.shot": ("shot_noise",),
    "digital.hsv": ("brightness", "saturate"),
    "digital.contrast": ("contrast",),
    "digital.jpeg": ("jpeg_compression",),
    "digital.pixelate": ("pixelate",),
    "digital.elastic": ("elastic_transform",),
    "blur.zoom": ("zoom_blur",),
    "weather.snow": ("snow",),
    "weather.spatter": ("spatter",),
    "weather.fog": ("fog",),
    "weather.frost": ("frost",),
}
"""The modules of this package, and which of their functions are corruptions."""


def corrupt_by_module(
    module: str, name: str, image: NDArray[np.uint8], severity: int, stream: int
) -> NDArray[np.uint8]:
    """Return what the function `name` of a module of this package makes of an image."""
    function: CorruptionFunction = getattr(import_module(f".{module}", __package__), name)
    return function(image, severity, stream)


_MODULES = {name: module for module, names in OURS.items() for name in names}

for _category, _names in CATEGORIES.items():
    for _name in _names:
        register(_name, _category)(partial(corrupt_by_module, _MODULES[_name], _name))
