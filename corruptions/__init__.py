"""Image in, corrupted image out: the corruptions of Cityscapes-C and ImageNet-C, and the suites.

    from corruptions import corrupt, load_suite

    foggy = corrupt(image, "fog", 3, seed=0)
    for corruption, severity in load_suite("cityscapes-c").conditions():
        ...

Importing this package loads NumPy and nothing heavier; Numba and OpenCV come with the first
corruption that needs them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import catalogue as catalogue  # fills the registry
from .checks import check_image, check_severity, check_size
from .errors import InputError
from .keys import image_key, stream_seed
from .registry import REGISTRY, Corruption, corruption_names, find
from .suites import Column, Suite, load_suite, suite_names

__all__ = [
    "REGISTRY",
    "Column",
    "Corruption",
    "InputError",
    "Suite",
    "corrupt",
    "corruption_names",
    "image_key",
    "load_suite",
    "suite_names",
]


def corrupt(
    image: NDArray[np.uint8], name: str, severity: int, *, seed: int = 0, key: str | None = None
) -> NDArray[np.uint8]:
    """Return a corrupted copy of an image.

    The same arguments give the same pixels, whatever was computed before and in which order.

    Parameters
    ----------
    image
        RGB, uint8 (H, W, 3), both sides at least 32 pixels; it is not changed. Strengths are in
        absolute pixels, so corrupt at native resolution and resize afterwards.
    name
        One of `corruption_names()`.
    severity
        From 1 (mild) to 5 (severe).
    seed
        Seeds the chance in the random corruptions, together with the image, name and severity.
    key
        `image_key(image)` if it is known, to save computing it.

    Returns
    -------
    ndarray
        A new C-contiguous uint8 array (H, W, 3).

    Raises
    ------
    InputError
        For any other image, an unknown name, or a severity out of range.
    """
    corruption = find(name)
    severity = check_severity(severity)
    check_size(check_image(image))
    stream = stream_seed(seed, image_key(image) if key is None else key, name, severity)
    return corruption.function(image, severity, stream)
