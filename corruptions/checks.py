"""Validate images, severities and names."""

from __future__ import annotations

import difflib
import operator

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

SEVERITIES = (1, 2, 3, 4, 5)
"""Severities of every corruption."""


def check_image(image: object) -> NDArray[np.uint8]:
    """Return an image as RGB, uint8 (H, W, 3); InputError if it is neither RGB nor grey uint8.

    RGB is returned unchanged; grey, (H, W) or (H, W, 1), becomes three equal channels.
    """
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected a NumPy array, got {type(image).__name__}")
    if image.dtype != np.uint8:
        remedy = "convert them with .astype(numpy.uint8)"
        if image.dtype.kind == "f":
            remedy = "for values from 0 to 1, use (255 * image).round().astype(numpy.uint8)"
        raise InputError(f"image: expected uint8, got {image.dtype}; {remedy}")
    planes = image[:, :, np.newaxis] if image.ndim == 2 else image
    if planes.ndim != 3 or planes.shape[2] not in (1, 3):
        remedy = "; drop the alpha channel: image[..., :3]" if image.shape[-1:] == (4,) else ""
        raise InputError(
            f"image: expected RGB (H, W, 3) or grey (H, W) or (H, W, 1), got {image.shape}{remedy}"
        )
    if planes.size == 0:
        raise InputError(f"image: {image.shape} has no pixels; both sides need at least one")
    return planes if planes.shape[2] == 3 else np.repeat(planes, 3, axis=2)  # (H, W, 3)


def check_severity(severity: object) -> int:
    """Return a severity as an int; InputError if it is no integer from 1 to 5."""
    try:
        number = operator.index(severity)  # type: ignore[arg-type]  # any object may be passed
    except TypeError:
        number = 0
    if isinstance(severity, bool) or number not in SEVERITIES:
        raise InputError(f"severity: expected an integer from 1 to 5, got {severity!r}")
    return number


def unknown(kind: str, name: object, valid: tuple[str, ...]) -> str:
    """Return the message for an unknown name: the closest valid name, and all of them."""
    nearest = difflib.get_close_matches(str(name), valid, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"unknown {kind} {name!r}{hint}; choose from: {', '.join(valid)}"
