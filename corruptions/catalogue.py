"""Which corruptions there are, and the module that makes each.

The modules load Numba or OpenCV, so each is imported with the first call of one of its functions.
What no module of ours makes, the reference package does.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from .reference import CATEGORIES, corrupt_by_reference
from .registry import CorruptionFunction, register

OURS = {
    "noise": ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    "digital": ("brightness", "contrast", "saturate", "jpeg_compression"),
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
        register(_name, _category)(
            partial(corrupt_by_module, _MODULES[_name], _name)
            if _name in _MODULES
            else partial(corrupt_by_reference, _name)
        )
