"""Validate images and depth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError


def check_image(image: object) -> NDArray[np.uint8]:
    """Return an image as RGB, uint8 (H, W, 3); InputError if it is neither RGB nor grey uint8.

    RGB is returned unchanged; grey, (H, W) or (H, W, 1), becomes three equal channels.
    """
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected a NumPy array, got {type(image).__name__}")
    if image.dtype != np.uint8:
        raise InputError(f"image: expected uint8, got {image.dtype}; {_conversion(image)}")
    planes = image[:, :, np.newaxis] if image.ndim == 2 else image
    if planes.ndim != 3 or planes.shape[2] not in (1, 3):
        remedy = "; drop the alpha channel: image[..., :3]" if image.shape[-1:] == (4,) else ""
        raise InputError(
            f"image: expected RGB (H, W, 3) or grey (H, W) or (H, W, 1), got {image.shape}{remedy}"
        )
    if planes.size == 0:
        raise InputError(f"image: {image.shape} has no pixels; both sides need at least one")
    return planes if planes.shape[2] == 3 else np.repeat(planes, 3, axis=2)  # (H, W, 3)


def check_depth(name: str, depth: object, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the depth of an image (H, W, 3) for a corruption as float32 (H, W).

    Raises InputError if there is none, and unless all of it is above 0; it may be infinite.
    """
    if depth is None:
        raise InputError(f"{name}: needs depth; give the distance of each pixel in metres")
    if not isinstance(depth, np.ndarray) or depth.dtype.kind != "f":
        kind = getattr(depth, "dtype", type(depth).__name__)
        raise InputError(f"depth: expected floats, metres (H, W); got {kind}")
    if depth.shape != image.shape[:2]:
        raise InputError(f"depth: expected {image.shape[:2]}, the image's size; got {depth.shape}")
    if not (depth > 0).all():
        raise InputError("depth: expected metres above 0 or infinity; fill what is unknown")
    return depth.astype(np.float32, copy=False)


def _conversion(image: NDArray[Any]) -> str:
    """Return how to make the values of an image uint8 without changing what it shows."""
    if image.dtype.kind == "b":
        return "for black and white, use 255 * image.astype(numpy.uint8)"
    if image.dtype.kind not in "iuf" or not image.size or not np.isfinite(image).all():
        return "give real numbers from 0 to 255"
    low, high = image.min().item(), image.max().item()
    found = f"the values are {low:g} to {high:g}"
    if low < 0 or high > 65535:
        return f"{found}: scale them to 0 to 255"
    if high > 255:
        return f"{found}: for 16-bit values, use (image / 257).round().astype(numpy.uint8)"
    if image.dtype.kind == "f" and high <= 1:
        return f"{found}: for values from 0 to 1, use (255 * image).round().astype(numpy.uint8)"
    return f"{found}: if white is 255, use image.round().astype(numpy.uint8)"
