"""The interface of a dataset: a split of named frames with labels, and its classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..label_types import LabelMap
from ..schema import Between, Name

IGNORE = 255
"""Label value of pixels that are left out of every score, where there are at most 255 classes."""
Level = Annotated[int, Between(0, 255)]
"""Brightness of a colour's channel."""
CLEAN = "clean"
"""Condition of the frames with which those in real conditions are compared."""


@dataclass(frozen=True)
class ClassInfo:
    """A class: its name, its colour (RGB) in drawn label maps, and its category."""

    name: Name
    color: tuple[Level, Level, Level]
    category: str


class Frame(Protocol):
    """One image with its label, read on each call of `image` and `label`."""

    @property
    def name(self) -> str:
        """Name, unique within the split."""
        ...

    @property
    def group(self) -> str:
        """City or sequence, whose frames are not independent; "" if frames are."""
        ...

    @property
    def condition(self) -> str:
        """Condition in which the frame was taken, e.g. "fog"; "" if the dataset has none."""
        ...

    def image(self) -> NDArray[np.uint8]:
        """Return the RGB image, uint8 (H, W, 3); InputError if it cannot be read."""
        ...

    def label(self) -> LabelMap:
        """Return the class of each pixel, uint8 (H, W), IGNORE for pixels without one.

        In a dataset of more than 255 classes: uint16, and 65535.
        """
        ...


class FrameFacts(NamedTuple):
    """What is published of a frame, which need not be read to know it.

    A frame that has them as its `facts` raises InputError where its image is another one.
    """

    height: int
    width: int
    image_key: str
    """Digest of the image: `corruptions.image_key`."""
    label_key: str
    """SHA-256 of the label's bytes."""
    class_pixels: tuple[int, ...]
    """Pixels of each class."""


@dataclass(frozen=True)
class Dataset:
    """A split of a dataset: its frames in a fixed order, and the classes of its labels."""

    name: str
    split: str
    classes: tuple[ClassInfo, ...]
    frames: Sequence[Frame]
    root: str = ""
    taxonomy: str = ""
    """Name of the taxonomy, if it is not the dataset's own. Where no weights have the name of the
    dataset, those of the taxonomy are chosen."""
    unused: tuple[str, ...] = ()
    """Files of the split that no frame uses, a line each."""

    def __post_init__(self) -> None:
        counts = Counter(frame.name for frame in self.frames)
        if twice := [name for name, count in counts.items() if count > 1]:
            raise InputError(f"{self.root}: two frames are named {twice[0]}; rename one of them")

    @property
    def conditions(self) -> tuple[str, ...]:
        """Conditions in which its frames were taken, in the order of the frames."""
        return tuple(dict.fromkeys(frame.condition for frame in self.frames if frame.condition))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the label values."""
        return tuple(info.name for info in self.classes)
