"""Versions of installed packages."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

CORRUPTING = (
    "robustbench-seg",
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
    """Return the version of each of these packages that is installed."""
    found = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
