"""The embedded dataset `streets`: procedural street scenes with the 19 classes of Cityscapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from ..errors import InputError
from .base import Dataset
from .classes import CITYSCAPES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 2
"""Raised whenever a pixel of any scene changes."""

SPLITS = {"train": 4000, "val": 100}
"""The number of scenes of each split."""

__all__ = ["SPLITS", "VERSION", "StreetFrame", "render", "streets"]


def _check(split: str, width: int, height: int) -> None:
    if split not in SPLITS:
        raise InputError(f"streets: unknown split '{split}'; use one of {', '.join(SPLITS)}")
    if width < 64 or height < 32:
        raise InputError(f"streets: size {width}x{height} is too small; use at least 64x32")


def render(
    split: str, index: int, width: int = 512, height: int = 256
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return scene `index` of a split: uint8 RGB (H, W, 3) and its classes, uint8 (H, W).

    Raises InputError for an unknown split, a negative index or a size under 64x32.
    """
    _check(split, width, height)
    if index < 0:
        raise InputError(f"streets: scene {index} does not exist; use 0 or more")
    # Loaded here because Numba is slow to import.
    from ..streets.scene import render as render_scene

    return render_scene(split, index, width, height)


class StreetFrame:
    """A scene that is rendered when it is first asked for; only the last one is kept."""

    group = ""
    condition = ""
    _kept: tuple[tuple[str, int, int, int], NDArray[np.uint8], NDArray[np.uint8]] | None = None

    def __init__(self, split: str, index: int, width: int, height: int) -> None:
        self._key = (split, index, width, height)

    @property
    def name(self) -> str:
        """The split and the number, e.g. val_000003."""
        return f"{self._key[0]}_{self._key[1]:06d}"

    def _rendered(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        kept = StreetFrame._kept
        if kept is None or kept[0] != self._key:
            kept = (self._key, *render(*self._key))
            StreetFrame._kept = kept
        return kept[1], kept[2]

    def image(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 RGB (H, W, 3), a copy of the caller's own."""
        return self._rendered()[0].copy()

    def label(self) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (H, W), 255 on the own car's hood."""
        return self._rendered()[1].copy()


class _Frames(Sequence[StreetFrame]):
    def __init__(self, split: str, count: int, width: int, height: int) -> None:
        self._split, self._count, self._size = split, count, (width, height)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> StreetFrame: ...

    @overload
    def __getitem__(self, index: slice) -> list[StreetFrame]: ...

    def __getitem__(self, index: int | slice) -> StreetFrame | list[StreetFrame]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        place = index + self._count if index < 0 else index
        if not 0 <= place < self._count:
            raise IndexError(index)
        return StreetFrame(self._split, place, *self._size)


def streets(
    split: str = "val", *, limit: int | None = None, width: int = 512, height: int = 256
) -> Dataset:
    """Return a split of street scenes, or its first `limit`, at a size in pixels.

    Raises InputError for an unknown split, a limit under 1 or a size under 64x32.
    """
    _check(split, width, height)
    if limit is not None and limit < 1:
        raise InputError(f"streets: limit is {limit}; use 1 or more")
    count = SPLITS[split] if limit is None else min(limit, SPLITS[split])
    return Dataset("streets", split, CITYSCAPES, _Frames(split, count, width, height))
