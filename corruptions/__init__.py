"""Corrupt images as in Cityscapes-C and ImageNet-C.

    from robustbench_seg.corruptions import corrupt

    foggy = corrupt(image, "fog", 3, seed=0)

The corruptions are those of Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to
Common Corruptions and Perturbations" (ICLR 2019), with the severities of the package
`imagecorruptions` of Michaelis et al., "Benchmarking Robustness in Object Detection" (2019).

Importing this package is cheap: NumPy is loaded by `corrupt` and `image_key`, Numba by the first
corruption, OpenCV only by the implementation "imagecorruptions".
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .catalogue import (
    REGISTRY,
    Corruption,
    Implementation,
    corruption_names,
    depth_corruption_names,
)
from .errors import InputError
from .finding import find

if TYPE_CHECKING:
    from .corrupting import corrupt
    from .own import corruption
    from .seeding import image_key

__all__ = [
    "REGISTRY",
    "Corruption",
    "Implementation",
    "InputError",
    "corrupt",
    "corruption",
    "corruption_names",
    "depth_corruption_names",
    "find",
    "image_key",
]

_HOMES = {"corrupt": ".corrupting", "corruption": ".own", "image_key": ".seeding"}
"""Modules of the names that need NumPy."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
