"""Transforms of Albumentations and Kornia as corruptions of one's own.

    import albumentations as A
    from robustbench_seg.transforms import from_albumentations

    rain = from_albumentations(*(A.RandomRain(drop_length=n, p=1) for n in (5, 10, 20, 30, 40)))

In a file, `--corruptions python:FILE.py:rain` evaluates under it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

OwnFunction = Callable[[NDArray[np.uint8], int, np.random.Generator], NDArray[np.uint8]]
"""(RGB image uint8 (H, W, 3), severity, generator) -> new image of the same shape."""
_T = TypeVar("_T")
_TORCH_GENERATOR = threading.Lock()


def from_albumentations(*transforms: Any) -> OwnFunction:
    """Return the corruption by transforms of Albumentations, one for each severity from 1 on."""

    def corrupted(
        image: NDArray[np.uint8], severity: float, generator: np.random.Generator
    ) -> NDArray[np.uint8]:
        import albumentations

        seed = int(generator.integers(2**31))
        seeded = albumentations.Compose([_chosen(transforms, severity)], seed=seed)
        changed: NDArray[np.uint8] = seeded(image=image)["image"]
        return changed

    return corrupted


def from_kornia(*modules: Any) -> OwnFunction:
    """Return the corruption by augmentations of Kornia, one for each severity from 1 on.

    They map float32 (1, 3, H, W) from 0 to 1 to the same, on the CPU; grey levels are rounded.
    """

    def corrupted(
        image: NDArray[np.uint8], severity: float, generator: np.random.Generator
    ) -> NDArray[np.uint8]:
        import torch

        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None] / 255  # (1, 3, H, W)
        # Kornia draws from torch's generator, which all threads share.
        with _TORCH_GENERATOR, torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator.integers(2**31)))
            changed = _chosen(modules, severity)(pixels)
        levels = (255 * changed[0]).round().clamp(0, 255).byte()  # (3, H, W)
        made: NDArray[np.uint8] = levels.permute(1, 2, 0).numpy()  # (H, W, 3)
        return made

    return corrupted


def _chosen(by_severity: Sequence[_T], severity: float) -> _T:
    if severity != int(severity):
        raise InputError(f"has transforms for whole severities alone, not for {severity}")
    if severity > len(by_severity):
        raise InputError(
            f"has transforms up to severity {len(by_severity)}; add one for {severity}"
        )
    return by_severity[int(severity) - 1]
