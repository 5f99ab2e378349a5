"""The versions of the packages that are installed."""

from __future__ import annotations

from collections.abc import Iterable
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
"""The packages that can move a pixel of a corrupted image."""

EVALUATING = (*CORRUPTING, "pandas", "torch")
"""The packages that can move a pixel, a logit or a number of an evaluation."""


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each package that is installed."""
    return {name: found for name in packages if (found := _version(name))}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
