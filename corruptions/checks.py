"""What is accepted: RGB bytes, at least 32 pixels a side; severities 1 to 5; known names."""

from __future__ import annotations

import difflib
import operator

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

SEVERITIES = (1, 2, 3, 4, 5)
"""The severities that every corruption has (Hendrycks & Dietterich, ICLR 2019)."""

SMALLEST_SIDE = 32
"""In pixels; the reference package refuses less."""


def check_image(image: object) -> NDArray[np.uint8]:
    """Return the image if it is uint8 (H, W, 3), or raise InputError."""
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected a NumPy array, got {type(image).__name__}")
    if image.dtype != np.uint8:
        raise InputError(f"image: expected uint8 grey levels 0-255, got {image.dtype}; convert it")
    if image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"image: expected RGB of shape (H, W, 3), got {image.shape}")
    return image


def check_size(image: NDArray[np.uint8]) -> None:
    """Raise InputError if a side of the image is too short to be corrupted."""
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(
            f"image: {width} x {height} pixels is too small to corrupt; "
            f"both sides need at least {SMALLEST_SIDE}"
        )


def check_severity(severity: object) -> int:
    """Return the severity as an int if it is one of 1 to 5, or raise InputError."""
    try:
        number = operator.index(severity)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        number = 0
    if isinstance(severity, bool) or number not in SEVERITIES:
        raise InputError(f"severity: expected an integer from 1 to 5, got {severity!r}")
    return number


def unknown(kind: str, name: object, valid: tuple[str, ...]) -> str:
    """Return the line for a name that is not one of the valid ones, with the nearest of them."""
    nearest = difflib.get_close_matches(str(name), valid, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"unknown {kind} {name!r}{hint}; choose from: {', '.join(valid)}"
