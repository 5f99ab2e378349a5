"""The corruptions by name: what each is called, its category, and the function that makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .checks import unknown
from .errors import InputError

CorruptionFunction = Callable[[NDArray[np.uint8], int, int], NDArray[np.uint8]]
"""(image, severity, 64-bit seed) -> new image; checked input, uint8 (H, W, 3) both."""


@dataclass(frozen=True)
class Corruption:
    """A corruption: its name, its category in Table 5 of SegFormer, and what makes it."""

    name: str
    category: str
    function: CorruptionFunction


_REGISTRY: dict[str, Corruption] = {}

REGISTRY: Mapping[str, Corruption] = MappingProxyType(_REGISTRY)
"""All corruptions by name, in the order of Table 5: a read-only view."""


def register(name: str, category: str) -> Callable[[CorruptionFunction], CorruptionFunction]:
    """Register the decorated function under a name; ValueError if the name is taken."""

    def add(function: CorruptionFunction) -> CorruptionFunction:
        if name in _REGISTRY:
            raise ValueError(f"corruption {name!r} is registered twice")
        _REGISTRY[name] = Corruption(name, category, function)
        return function

    return add


def corruption_names() -> tuple[str, ...]:
    """Return the names of all corruptions, grouped by category."""
    return tuple(REGISTRY)


def find(name: str) -> Corruption:
    """Return the corruption of that name; InputError with the valid names if there is none."""
    try:
        return REGISTRY[name]
    except (KeyError, TypeError):  # TypeError: it cannot even be looked up
        raise InputError(unknown("corruption", name, corruption_names())) from None
