"""Image rescaling as published evaluations do it: bilinear, without antialiasing.

That is `cv2.INTER_LINEAR`, with which mmsegmentation's pipelines and SegFormer's evaluation rescale
uint8 images. It is computed in integers with OpenCV's weights (multiples of 2**-11), so every
processor rounds alike; OpenCV itself rounds as its vector instructions do, one grey level off in
some pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..corruptions.compiling import kernel
from ..protocol.input_geometry import Size

_BITS = 11
_ONE = 2**_BITS
_HALF = np.int32(2 ** (2 * _BITS - 1))
_SHIFT = np.int32(2 * _BITS)


def rescale(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Return an RGB uint8 (H, W, 3) image at a size (height, width); unchanged at its own size.

    The centre of pixel i lies at (i + 1/2) old / new - 1/2 on the image, whose last pixels repeat
    beyond the edges. Enlarging is smooth; shrinking to less than a half skips pixels.
    """
    if image.shape[:2] == size:
        return image
    rows = np.ascontiguousarray(image).reshape(len(image), -1)  # (H, 3 W)
    wide = np.empty((len(image), 3 * size[1]), np.int32)
    _interpolate_columns(rows, *_neighbours(image.shape[1], size[1]), wide)
    result = np.empty((*size, 3), np.uint8)
    _interpolate_rows(wide, *_neighbours(image.shape[0], size[0]), result.reshape(size[0], -1))
    return result


def _neighbours(
    old: int, new: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Return the two pixels that each of `new` lies between, and the weight of the second."""
    # (i + 1/2) old / new - 1/2 in units of 1 / (2 new): whole numbers.
    places = np.clip((2 * np.arange(new) + 1) * old - new, 0, 2 * new * (old - 1))  # (new,)
    first, remainder = np.divmod(places, 2 * new)
    weights = (remainder * _ONE + new) // (2 * new)
    return first, np.minimum(first + 1, old - 1), weights.astype(np.int32)


@kernel
def _interpolate_columns(rows: Any, left: Any, right: Any, weights: Any, wide: Any) -> None:
    """Write rows (H, 3 W') from rows (H, 3 W), times 2**11."""
    for y in range(len(rows)):
        row, result = rows[y], wide[y]
        for x in range(len(left)):
            for channel in range(3):
                before, after = row[3 * left[x] + channel], row[3 * right[x] + channel]
                result[3 * x + channel] = (_ONE - weights[x]) * before + weights[x] * after


@kernel
def _interpolate_rows(wide: Any, above: Any, below: Any, weights: Any, rows: Any) -> None:
    """Write rows (H', 3 W') from rows (H, 3 W'), divided by 2**22 and rounded."""
    for y in range(len(rows)):
        row, upper, lower = rows[y], wide[above[y]], wide[below[y]]
        lower_weight = np.int32(weights[y])
        upper_weight = np.int32(_ONE - lower_weight)
        for i in range(len(row)):
            row[i] = np.int32(upper_weight * upper[i] + lower_weight * lower[i] + _HALF) >> _SHIFT
