"""Regions of a frame: a run may corrupt them alone, and leave the rest of the frame clean.

A kind of region is a subclass of `Region` and its line in `KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..corruptions.checks import did_you_mean, unknown
from ..errors import InputError
from ..label_types import LabelMap
from .frame_spec import FrameSpec

Mask = NDArray[np.uint8]
"""How much of the corruption each pixel shows, (H, W): 0 none, 255 all. Inside is above 0."""


class Region(ABC):
    """The part of each frame that is corrupted."""

    seeded: ClassVar[bool] = False
    """Whether it depends on the random seed."""

    @classmethod
    @abstractmethod
    def read(cls, text: str) -> Self:
        """Read what follows the colon; ValueError, with words for the user, for another text."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the text that `read_region` reads."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, after "corrupted only"."""

    @abstractmethod
    def mask(self, label: LabelMap, classes: Sequence[str], stream: int) -> Mask:
        """Return the mask of a frame with ground truth (H, W); `stream` is a 64-bit seed."""

    def is_empty(self, frame: FrameSpec, classes: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether a frame has no pixel of the region."""
        return False

    def problem(self, classes: Sequence[str]) -> str:  # noqa: ARG002
        """Return what of the region does not fit the classes of the data, or ""."""
        return ""


@dataclass(frozen=True)
class Rectangle(Region):
    """A rectangle, as fractions of the sides of the frame: `rectangle:0,0.5,1,1`."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def read(cls, text: str) -> Self:
        """Read "LEFT,TOP,RIGHT,BOTTOM"."""
        try:
            left, top, right, bottom = map(float, text.split(","))
        except ValueError:
            left = top = right = bottom = 0.0
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError(
                "write LEFT,TOP,RIGHT,BOTTOM from 0 to 1, with LEFT < RIGHT and TOP < BOTTOM; the "
                "lower half is rectangle:0,0.5,1,1"
            )
        return cls(left, top, right, bottom)

    def __str__(self) -> str:
        return f"rectangle:{','.join(map(_written, self._sides))}"

    @property
    def place(self) -> str:
        """The fractions of the sides, in words."""
        return f"in the rectangle {', '.join(map(_written, self._sides))}"

    @property
    def _sides(self) -> tuple[float, float, float, float]:
        return self.left, self.top, self.right, self.bottom

    def mask(self, label: LabelMap, classes: Sequence[str], stream: int) -> Mask:  # noqa: ARG002
        """Return 255 in the rectangle, whose edges are rounded to pixels."""
        mask = np.zeros(label.shape, np.uint8)
        mask[self._pixels(*label.shape)] = 255
        return mask

    def is_empty(self, frame: FrameSpec, classes: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the rectangle is narrower than a pixel."""
        return any(part.start == part.stop for part in self._pixels(frame.height, frame.width))

    def _pixels(self, height: int, width: int) -> tuple[slice, slice]:
        rows = slice(round(self.top * height), round(self.bottom * height))
        return rows, slice(round(self.left * width), round(self.right * width))


@dataclass(frozen=True)
class TrueClasses(Region):
    """The pixels of some classes in the ground truth: `class:road` or `class:car,truck`."""

    names: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read names with commas between them; their order does not matter."""
        names = tuple(sorted({name.strip() for name in text.split(",")}))
        if not all(names):
            raise ValueError("name a class, or several: class:car,truck")
        return cls(names)

    def __str__(self) -> str:
        return f"class:{','.join(self.names)}"

    @property
    def place(self) -> str:
        """The names of the classes, in words."""
        return f"where the ground truth is {' or '.join(self.names)}"

    def mask(self, label: LabelMap, classes: Sequence[str], stream: int) -> Mask:  # noqa: ARG002
        """Return 255 at the pixels of the classes."""
        return np.isin(label, self._places(classes)) * np.uint8(255)

    def is_empty(self, frame: FrameSpec, classes: Sequence[str]) -> bool:
        """Whether the frame has none of the classes."""
        return not any(frame.class_pixels[place] for place in self._places(classes))

    def problem(self, classes: Sequence[str]) -> str:
        """Return which class the data lack, or ""."""
        lacking = (name for name in self.names if name not in classes)
        return next((unknown("class", name, tuple(classes)) for name in lacking), "")

    def _places(self, classes: Sequence[str]) -> list[int]:
        return [classes.index(name) for name in self.names]


@dataclass(frozen=True)
class Soiling(Region):
    """Drops and dirt on the lens, other ones on each frame: `soiling:0.3` of its pixels."""

    covered: float
    """Share of the pixels."""

    seeded: ClassVar[bool] = True

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the share of the frame, "0.3"."""
        try:
            covered = float(text)
        except ValueError:
            covered = 0.0
        if not 0 < covered < 1:
            raise ValueError("write the share of the frame that is soiled, above 0 and below 1")
        return cls(covered)

    def __str__(self) -> str:
        return f"soiling:{_written(self.covered)}"

    @property
    def place(self) -> str:
        """The share of the frame that drops cover, in words."""
        return f"in drops on the lens, {100 * self.covered:g} % of each frame"

    def is_empty(self, frame: FrameSpec, classes: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the drops, rounded to pixels, cover none of a frame."""
        return round(self.covered * frame.height * frame.width) == 0

    def mask(self, label: LabelMap, classes: Sequence[str], stream: int) -> Mask:  # noqa: ARG002
        """Return the opacity of the drops."""
        from ..corruptions.soiling import soiling  # loads Numba

        height, width = label.shape
        return soiling(height, width, self.covered, stream)


KINDS: Mapping[str, type[Region]] = {
    "rectangle": Rectangle,
    "class": TrueClasses,
    "soiling": Soiling,
}
"""Word before the colon -> kind of region."""


def read_region(text: str, where: str = "--region") -> Region:
    """Read "rectangle:0,0.5,1,1", "class:road" or "soiling:0.3".

    InputError for anything else begins with `where`, the option or the place in a file.
    """
    kind, _, rest = text.strip().partition(":")
    if kind not in KINDS:
        raise InputError(
            f"{where} {text}: unknown; there are {', '.join(KINDS)}{did_you_mean(kind, KINDS)}"
        )
    try:
        return KINDS[kind].read(rest)
    except ValueError as error:
        raise InputError(f"{where} {text}: {error}") from None


def stored_region(value: object, where: str) -> Region:
    """Read the text of a region as `str` writes it; InputError names the place of another one."""
    with suppress(InputError):
        region = read_region(value) if isinstance(value, str) else None
        if region is not None and str(region) == value:
            return region
    raise InputError(f"{where}: expected a region such as class:road")


def _written(number: float) -> str:
    """Return the shortest text that is read as the same number."""
    return repr(number).removesuffix(".0")
