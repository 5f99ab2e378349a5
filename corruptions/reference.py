"""The corruptions as the package `imagecorruptions` makes them, behind our interface.

Michaelis et al., "Benchmarking Robustness in Object Detection" (2019), after Hendrycks &
Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations"
(ICLR 2019), in the maintained distribution `imagecorruptions-imaug`.

The package draws from NumPy's global generator. It is seeded for each call and put back
afterwards, under a lock, so that threads wait for each other but a foreign thread that draws
from that generator meanwhile still disturbs the result: to go faster, use processes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

CATEGORIES = {
    "blur": ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur", "zoom_blur"),
    "noise": ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    "digital": (
        *("brightness", "contrast", "saturate", "jpeg_compression"),
        *("pixelate", "elastic_transform"),
    ),
    "weather": ("snow", "spatter", "fog", "frost"),
}
"""The names of the package, in the categories of Table 5 of SegFormer."""

SMALLEST_SIDE = 32
"""In pixels; the package refuses less."""

# Deaf to NumPy's global generator: glass_blur draws from Numba's, impulse_noise from a fresh one.
SEEDED_BY_ARGUMENT = ("glass_blur", "impulse_noise")

_GLOBAL_GENERATOR = threading.Lock()


def corrupt_by_reference(
    name: str, image: NDArray[np.uint8], severity: int, stream: int
) -> NDArray[np.uint8]:
    """Return what `imagecorruptions.corrupt` makes of an RGB uint8 (H, W, 3) image.

    The result is a new C-contiguous array, its grey levels truncated as the package does. The low
    32 bits of `stream` seed it. InputError if a side has less than 32 pixels, or if OpenCV cannot
    be imported.
    """
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(
            f"image: {width} x {height} pixels is too small for the package imagecorruptions, "
            f"which needs {SMALLEST_SIDE} a side; the implementation 'native' takes every size"
        )
    require_opencv()
    import imagecorruptions

    seed = stream % 2**32
    arguments = {"seed": seed} if name in SEEDED_BY_ARGUMENT else {}
    try:
        with _global_generator_seeded(seed), np.errstate(invalid="raise"):
            result = imagecorruptions.corrupt(image, severity, name, **arguments)
    except FloatingPointError:
        if name != "spatter":
            raise
        # It divides 0 by 0 where no drop falls on a small image; what a processor then
        # makes of NaN as a byte is its own affair, and an image without drops is the image.
        return image.copy()
    # Some results are transposed views, others (JPEG, pixelate) belong to Pillow, read-only.
    return np.require(result, np.uint8, ["C_CONTIGUOUS", "WRITEABLE"])


@contextmanager
def _global_generator_seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator for the block, and put its state back afterwards."""
    with _GLOBAL_GENERATOR:
        state = np.random.get_state()  # noqa: NPY002  # the one that the package uses
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


def require_opencv() -> None:
    """Import OpenCV, or raise InputError with the two remedies."""
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"OpenCV cannot be imported ({error}); either install the libraries of its windows "
            "(apt-get install libgl1 libglib2.0-0), or put the build without windows in its place "
            "(pip uninstall -y opencv-python && pip install opencv-python-headless)"
        ) from error
