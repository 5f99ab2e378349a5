"""Checks of a frame, for evaluation, training and `robustseg datasets check`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..label_types import LabelMap, ignored_label, label_dtype
from ..names import check_name

SMALLEST = 32
"""Shortest side in pixels: smaller frames cannot be corrupted."""


def check_pair(
    name: str, image: NDArray[np.uint8], label: LabelMap, classes: int
) -> tuple[int, ...]:
    """Check an image (H, W, 3) and its label (H, W); return the number of pixels of each class.

    Raises InputError, which names the frame, if the name is not UTF-8, the sizes differ, a side is
    under 32 pixels, or the label is of another type than its number of classes needs, or holds a
    value that is neither a class nor that of ignored pixels.
    """
    check_name(name)
    dtype = label_dtype(classes)
    if label.dtype != dtype:
        raise InputError(
            f"{name}: its label is {label.dtype}; with {classes} classes it must be {dtype}"
        )
    height, width = label.shape
    if image.shape[:2] != label.shape:
        turned = ", and are read as their EXIF orientation says" * (
            image.shape[1::-1] == label.shape
        )
        raise InputError(
            f"{name}: its image is {image.shape[1]}x{image.shape[0]}, its label {width}x{height}; "
            f"they must be of one size{turned}"
        )
    if min(height, width) < SMALLEST:
        raise InputError(f"{name}: is {width}x{height}; both sides must be at least {SMALLEST}")
    ignore = ignored_label(dtype)
    pixels = np.bincount(label.reshape(-1), minlength=ignore + 1)
    unknown = [int(value) for value in np.flatnonzero(pixels[:ignore]) if value >= classes]
    if unknown:
        raise InputError(
            f"{name}: its label holds the values {unknown[:5]}; "
            f"expected 0-{classes - 1}, or {ignore} to ignore"
        )
    return tuple(pixels[:classes].tolist())


def ground_truth_problem(names: Sequence[str], pixels: Sequence[int], total: int) -> str:
    """Return why every model could score 0 or 100 % on the labels of a split, or "".

    `pixels` counts the labelled pixels of each class (C,), and `total` all pixels.
    """
    present = [name for name, count in zip(names, pixels, strict=True) if count]
    if not present:
        return "no frame has any labelled pixel"
    if len(present) > 1:
        return ""
    problem = f"only {present[0]} has ground truth: a model that predicts nothing else scores 100 %"
    if ignored := total - sum(pixels):
        return (
            f"{problem}; {100 * ignored / total:.1f} % of the pixels are ignored: if they are "
            "another class, give a taxonomy with its value, or --classes binary for masks of 0 "
            "and 255"
        )
    return f"{problem}; add frames that show other classes"
