"""Image in, corrupted image out: the corruptions of Cityscapes-C and ImageNet-C.

    from corruptions import corrupt

    foggy = corrupt(image, "fog", 3, seed=0)

Importing this package loads NumPy and nothing heavier; Numba comes with the first corruption, and
OpenCV only with the reference implementation.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from . import catalogue as catalogue  # fills the registry
from .checks import check_image, check_severity, unknown
from .errors import InputError
from .reference import corrupt_by_reference
from .registry import REGISTRY, Corruption, corruption_names, find
from .seeding import BY_CHANCE, image_key, stream_seed

__all__ = [
    "BY_CHANCE",
    "REGISTRY",
    "Corruption",
    "Implementation",
    "InputError",
    "corrupt",
    "corruption_names",
    "image_key",
]

Implementation = Literal["native", "imagecorruptions"]
"""Which code corrupts: this package, or the package `imagecorruptions`."""

IMPLEMENTATIONS: tuple[str, ...] = get_args(Implementation)


def corrupt(
    image: NDArray[np.uint8],
    name: str,
    severity: int,
    *,
    seed: int = 0,
    key: str | None = None,
    implementation: Implementation = "native",
) -> NDArray[np.uint8]:
    """Return a corrupted copy of an image.

    The same arguments give the same pixels, on every machine, in any thread, and whatever was
    computed before.

    Parameters
    ----------
    image
        uint8, RGB (H, W, 3) or grey (H, W) or (H, W, 1), of any size from 1 x 1 on; it is not
        changed. Strengths are in absolute pixels, so corrupt at native resolution and resize
        afterwards. What reaches beyond the edges of an image, as it does all over a small one,
        meets its edge pixels or its mirror image there, and each corruption's function tells
        what else happens to small images.
    name
        One of `corruption_names()`.
    severity
        From 1 (mild) to 5 (severe).
    seed
        Seeds the chance in the random corruptions, together with the image, name and severity.
    key
        `image_key(image)` if it is known, to save computing it.
    implementation
        "native" is this package. "imagecorruptions" is that package, whose pixels may depend on
        the processor: it needs OpenCV and images of at least 32 x 32 pixels, is much slower, and
        runs one thread at a time.

    Returns
    -------
    ndarray
        A new C-contiguous RGB array, uint8 (H, W, 3), also for a grey image.

    Raises
    ------
    InputError
        A `ValueError`, for any other image, an unknown name or implementation, or a severity out
        of range; it says what was found and what is allowed. Also where the reference is wanted
        and OpenCV cannot be imported.
    """
    corruption = find(name)
    severity = check_severity(severity)
    if implementation not in IMPLEMENTATIONS:
        raise InputError(unknown("implementation", implementation, IMPLEMENTATIONS))
    image = check_image(image)
    stream = stream_seed(seed, image_key(image) if key is None else key, name, severity)
    if implementation == "imagecorruptions":
        return corrupt_by_reference(name, image, severity, stream)
    return corruption.function(image, severity, stream)
