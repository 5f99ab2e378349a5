"""Versions of installed packages."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "robustbench-seg"
NUMBERS = "0.1.0"
"""Version of this package that last changed a corruption, a logit or a score of the same images.

Runs and copies store it. Later versions complete those of this one, in the same folders.
"""

CORRUPTING = (
    PACKAGE,
    "imagecorruptions-imaug",
    "numba",
    "numpy",
    "opencv-python",
    "opencv-python-headless",
    "pillow",
    "scikit-image",
    "scipy",
)
"""Packages that can change a pixel of a corrupted image."""

EVALUATING = (*CORRUPTING, "pandas", "torch")
"""Packages that can change a pixel, a logit or a score of an evaluation; its runtimes are more."""


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each of these packages that is installed; `NUMBERS` of this one."""
    found = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = NUMBERS if name == PACKAGE else version(name)
    return found
