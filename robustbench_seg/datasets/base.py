"""What a dataset is to the evaluation: a split of named frames with labels, and its classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

IGNORE = 255
"""The label value that is left out of every score."""


@dataclass(frozen=True)
class ClassInfo:
    """A class: its name, its colour (RGB, 0-255) in label pictures, and its category."""

    name: str
    color: tuple[int, int, int]
    category: str


class Frame(Protocol):
    """One image with its label. Reading is lazy: a frame is a name until it is asked."""

    @property
    def name(self) -> str:
        """The name, unique within its split."""
        ...

    @property
    def group(self) -> str:
        """What it was taken with: a city or a sequence; "" where frames stand for themselves."""
        ...

    @property
    def condition(self) -> str:
        """The condition that it was taken in, e.g. "fog"; "" where the dataset has none."""
        ...

    def image(self) -> NDArray[np.uint8]:
        """Return the RGB image, uint8 (H, W, 3); InputError if it cannot be read."""
        ...

    def label(self) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (H, W), IGNORE where there is none."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A split of a dataset: its frames in a fixed order, and the classes of its labels."""

    name: str
    split: str
    classes: tuple[ClassInfo, ...]
    frames: Sequence[Frame]
    root: str = ""
    taxonomy: str = ""
    """The dataset whose classes these are, where it has another name: its weights fit."""

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(f.name for f in self.frames).items() if count > 1]
        if twice:
            raise InputError(f"{self.root}: two frames are called {twice[0]}; names must differ")

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that its frames were taken in, in the order of the frames."""
        return tuple(dict.fromkeys(frame.condition for frame in self.frames if frame.condition))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the label values."""
        return tuple(info.name for info in self.classes)
