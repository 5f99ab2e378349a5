"""The type of label maps, which the number of classes decides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LabelMap = NDArray[np.uint8 | np.uint16]
"""The class of each pixel, (H, W), or the largest value of the type for an ignored pixel."""
UINT8 = np.dtype(np.uint8)
MOST_CLASSES = 2048
"""Most classes: the counts of one image, 8 bytes for each pair of classes, then take 32 MiB."""


def label_dtype(classes: int) -> np.dtype[Any]:
    """Return the type of label maps of a number of classes: uint8 up to 255, beyond uint16."""
    return UINT8 if classes <= 255 else np.dtype(np.uint16)


def ignored_label(dtype: np.dtype[Any]) -> int:
    """Return the label of pixels that are left out of every score: 255 in uint8, else 65535."""
    return int(np.iinfo(dtype).max)
