"""What is accepted: RGB or grey bytes of any size; severities 1 to 5; known names."""

from __future__ import annotations

import difflib
import operator

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

SEVERITIES = (1, 2, 3, 4, 5)
"""The severities that every corruption has (Hendrycks & Dietterich, ICLR 2019)."""


def check_image(image: object) -> NDArray[np.uint8]:
    """Return an image as RGB, uint8 (H, W, 3), or raise InputError.

    RGB is returned as it is; grey, (H, W) or (H, W, 1), becomes three equal channels.
    """
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected a NumPy array, got {type(image).__name__}")
    if image.dtype != np.uint8:
        remedy = "convert them with .astype(numpy.uint8)"
        if image.dtype.kind == "f":
            remedy = "if they go from 0 to 1, take (255 * image).round().astype(numpy.uint8)"
        raise InputError(f"image: expected grey levels 0-255, uint8, got {image.dtype}; {remedy}")
    planes = image[:, :, np.newaxis] if image.ndim == 2 else image
    if planes.ndim != 3 or planes.shape[2] not in (1, 3):
        remedy = (
            "; leave the fourth channel out: image[..., :3]" if image.shape[-1:] == (4,) else ""
        )
        raise InputError(
            f"image: expected RGB (H, W, 3) or grey (H, W) or (H, W, 1), got {image.shape}{remedy}"
        )
    if planes.size == 0:
        raise InputError(f"image: {image.shape} has no pixel; both sides need at least one")
    return planes if planes.shape[2] == 3 else np.repeat(planes, 3, axis=2)  # (H, W, 3)


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
