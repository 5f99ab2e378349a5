"""Transforms of Albumentations and Kornia, where these are installed, as corruptions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from robustbench_seg.corruptions import InputError
from robustbench_seg.corruptions.own import own_corruption
from robustbench_seg.transforms import OwnFunction, from_albumentations, from_kornia

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


class Added:
    """Stands for a module of Kornia: adds a number, and torch's noise."""

    def __init__(self, number: float):
        self.number = number

    def __call__(self, pixels: Any) -> Any:
        """Return changed pixels (1, 3, H, W)."""
        import torch

        assert pixels.shape == (1, 3, 48, 64)
        return pixels + self.number + 0.1 * torch.rand(pixels.shape)


def checked(function: OwnFunction) -> None:
    """Try a function out as a run does, and see that seeds change its pixels."""
    found = own_corruption(function, "here", b"", name="made")
    assert found.random
    for severity in (1, 2):
        found.try_out(IMAGE, severity)
    first, second = (found.function(IMAGE, 2, stream) for stream in (1, 2))
    assert (first != second).any()
    with pytest.raises(InputError, match="up to severity 2; add one for 3"):
        found.function(IMAGE, 3, 0)


def test_modules_of_kornia_draw_from_a_seeded_generator() -> None:
    import torch

    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    checked(from_kornia(Added(0.1), Added(0.2)))
    assert torch.equal(before, torch.random.get_rng_state())
    weak, strong = (
        from_kornia(Added(-1.0), Added(1.0))(IMAGE, severity, np.random.default_rng(0))
        for severity in (1, 2)
    )
    assert weak.max() <= 26
    assert (strong == 255).all()


def test_transforms_of_kornia() -> None:
    augmentation = pytest.importorskip("kornia.augmentation")
    checked(from_kornia(*(augmentation.RandomMotionBlur(n, 35.0, 0.5, p=1.0) for n in (3, 7))))


def test_transforms_of_albumentations() -> None:
    albumentations = pytest.importorskip("albumentations")
    rain = (albumentations.RandomRain(drop_length=n, p=1) for n in (5, 10))
    checked(from_albumentations(*rain))
    checked(from_albumentations(*(albumentations.ISONoise(p=1) for _ in range(2))))
