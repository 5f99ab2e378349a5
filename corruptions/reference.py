"""Adapter for the package `imagecorruptions`, the reference implementation.

It is installed as `imagecorruptions-imaug`, the maintained distribution. The package draws from
NumPy's global generator, which is seeded for each call and restored afterwards. A lock makes
threads wait for each other; a thread outside this module that draws from the generator meanwhile
still changes the result. Use processes to go faster.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from .arrays import Uint8
from .errors import InputError

SMALLEST_SIDE = 32
"""Smallest height and width that the package accepts, in pixels."""

# These ignore NumPy's global generator: glass_blur draws from Numba's, impulse_noise from its own.
SEEDED_BY_ARGUMENT = ("glass_blur", "impulse_noise")

_GLOBAL_GENERATOR = threading.Lock()


def corrupt_by_reference(name: str, image: Uint8, severity: int, stream: int) -> Uint8:
    """Return the result of `imagecorruptions.corrupt` for an RGB uint8 (H, W, 3) image.

    The result is a new C-contiguous array, with grey levels truncated as in the package. The low
    32 bits of `stream` are its seed. InputError if a side has less than 32 pixels, if the package
    lacks the corruption, or if OpenCV cannot be imported.
    """
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(
            f"image: {width} x {height} pixels is too small for the package imagecorruptions, "
            f"which needs {SMALLEST_SIDE} a side; the implementation 'native' takes every size"
        )
    require_known({(name, severity): {}})
    import imagecorruptions

    seed = stream % 2**32
    arguments = {"seed": seed} if name in SEEDED_BY_ARGUMENT else {}
    with _GLOBAL_GENERATOR, np.errstate(invalid="raise"):
        state = np.random.get_state()  # noqa: NPY002  # the one that the package uses
        np.random.seed(seed)  # noqa: NPY002
        try:
            result = imagecorruptions.corrupt(image, severity, name, **arguments)
        except FloatingPointError:
            if name != "spatter":
                raise
            # It divides 0 by 0 where no drop falls on a small image. Casting NaN to uint8 depends
            # on the processor; without drops the image is unchanged.
            return image.copy()
        finally:
            np.random.set_state(state)  # noqa: NPY002
    # Some results are transposed views, others (JPEG, pixelate) belong to Pillow, read-only.
    return np.require(result, np.uint8, ["C_CONTIGUOUS", "WRITEABLE"])


def require_known(corruptions: Mapping[tuple[str, float], Mapping[str, float]]) -> None:
    """Raise InputError if the package lacks one of some corruptions, or cannot be imported.

    They are given as corruption and severity, with parameters in place of those of the severity.
    """
    require_opencv()
    import imagecorruptions

    for (name, severity), parameters in corruptions.items():
        if name not in imagecorruptions.get_corruption_names("all"):
            raise InputError(f"{name}: not in the package imagecorruptions; use 'native'")
        if parameters or severity != int(severity):
            raise InputError(
                f"{name}: the package imagecorruptions has whole severities and parameters of its "
                "own alone; use 'native'"
            )


def require_opencv() -> None:
    """Import OpenCV; InputError with both remedies if that fails."""
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"OpenCV cannot be imported ({error}); install its system libraries "
            "(apt-get install libgl1 libglib2.0-0), or replace it by the headless build "
            "(pip uninstall -y opencv-python && pip install opencv-python-headless)"
        ) from error
