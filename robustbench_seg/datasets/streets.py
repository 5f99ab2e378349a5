"""The embedded dataset `streets`: procedural street scenes with the 19 classes of Cityscapes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..corruptions.checks import unknown
from ..corruptions.seeding import image_key
from ..errors import InputError
from .base import Dataset, FrameFacts
from .taxonomies import CITYSCAPES

if TYPE_CHECKING:
    from ..streets.scene import Photograph

STREETS = "streets"
SPLITS = {"train": 4000, "val": 100}
"""Number of scenes of each split."""
WIDTH, HEIGHT = 512, 256
"""Size of the scenes in pixels by default."""


def _check(split: str, width: int, height: int) -> None:
    if split not in SPLITS:
        raise InputError(f"streets: {unknown('split', split, tuple(SPLITS))}")
    if width < 64 or height < 32:
        raise InputError(f"streets: size {width}x{height} is too small; use at least 64x32")


def render(
    split: str, index: int, width: int = WIDTH, height: int = HEIGHT
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return scene `index` of a split: uint8 RGB (H, W, 3) and its classes, uint8 (H, W).

    Raises InputError for an unknown split, a negative index or a size under 64x32.
    """
    _check(split, width, height)
    if index < 0:
        raise InputError(f"streets: scene {index} does not exist; use 0 or more")
    return photograph(split, index, width, height)[:2]


def photograph(split: str, index: int, width: int, height: int) -> Photograph:
    """Return scene `index` of a split: image, label and depth."""
    # Imported here because Numba is slow to import.
    from ..streets.scene import render as render_scene

    return render_scene(split, index, width, height)


@lru_cache(maxsize=8)  # threads work on as many scenes at once
def _scene(frame: StreetFrame) -> Photograph:
    scene, facts = photograph(frame.split, frame.index, frame.width, frame.height), frame.facts
    if facts is not None and image_key(scene.image) != facts.image_key:
        raise InputError(
            f"streets: {frame.name} is not drawn here as it is published, so scores would differ; "
            "report this, with the output of robustseg doctor"
        )
    return scene


@cache
def _published() -> tuple[FrameFacts, ...]:
    """Return the facts of the scenes of the split val, in the size by default."""
    file = resources.files(__package__).joinpath("data", "streets.csv")
    rows = csv.reader(file.read_text(encoding="ascii").splitlines()[1:])
    return tuple(
        FrameFacts(HEIGHT, WIDTH, image, label, tuple(map(int, pixels)))
        for image, label, *pixels in rows
    )


@dataclass(frozen=True)
class StreetFrame:
    """A scene, rendered on first use; the last scenes are kept in memory."""

    split: str
    index: int
    width: int
    height: int
    group = ""
    condition = ""

    @property
    def name(self) -> str:
        """The split and the number, e.g. val_000003."""
        return f"{self.split}_{self.index:06d}"

    @property
    def facts(self) -> FrameFacts | None:
        """What is published of the scene; None for other splits and sizes."""
        published = (self.split, self.width, self.height) == ("val", WIDTH, HEIGHT)
        return _published()[self.index] if published else None

    def depth(self) -> NDArray[np.float32]:
        """Return a new copy of the depth in metres, float32 (H, W), infinite for the sky."""
        return _scene(self).depth.copy()

    def image(self) -> NDArray[np.uint8]:
        """Return a new copy of the image, uint8 RGB (H, W, 3)."""
        return _scene(self).image.copy()

    def label(self) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (H, W), 255 on the hood of the camera's car."""
        return _scene(self).label.copy()


def streets(
    split: str = "val", *, limit: int | None = None, width: int = WIDTH, height: int = HEIGHT
) -> Dataset:
    """Return a split of street scenes, or its first `limit`, at a size in pixels.

    Raises InputError for an unknown split, a limit under 1 or a size under 64x32.
    """
    _check(split, width, height)
    if limit is not None and limit < 1:
        raise InputError(f"streets: limit is {limit}; use 1 or more")
    count = min(limit or SPLITS[split], SPLITS[split])
    frames = [StreetFrame(split, index, width, height) for index in range(count)]
    return Dataset(STREETS, split, CITYSCAPES, frames, taxonomy="cityscapes")
