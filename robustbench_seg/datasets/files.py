"""A frame that is stored in two files, an image and a label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..label_types import UINT8, LabelMap
from .depth_files import read_depth
from .image_files import open_image, orientation, read_image
from .label_files import Channel, Color, read_label


@dataclass(frozen=True)
class FileFrame:
    """A frame stored in two files, an image and a label."""

    name: str
    image_path: Path
    label_path: Path
    lookup: Mapping[int, int] | None = None
    """Class of each value that the label file may hold; None: the values are the classes."""
    group: str = ""
    """As in `Frame`."""
    condition: str = ""
    """As in `Frame`."""
    indexed: bool = False
    """Whether the label may be a palette image, whose indices are its values."""
    colors: Mapping[Color, int] | None = None
    """Class of each colour that an RGB label may hold."""
    channel: Channel | None = None
    """Channel of an RGB label that holds its values."""
    dtype: np.dtype[Any] = UINT8
    """Type of the label, which the number of classes decides."""
    depth_path: Path | None = None
    """File of the depth, of a form that `depth_files` reads; None: there is none."""
    palette: dict[int, Color] = field(default_factory=dict, compare=False)
    """Colours of the indices of labels that were read; frames that share it have one palette."""

    @property
    def turned(self) -> bool:
        """Whether the image is not stored upright; InputError if it cannot be read."""
        with open_image(self.image_path) as file:
            return orientation(file) > 1

    def image(self) -> NDArray[np.uint8]:
        """Return the RGB image, uint8 (H, W, 3); InputError if it cannot be read."""
        return read_image(self.image_path)

    def depth(self) -> NDArray[np.float32]:
        """Return the depth in metres, (H, W); InputError if there is none, or it cannot be read."""
        if self.depth_path is None:
            raise InputError(f"{self.name}: has no depth; give --depth DIR, or use another suite")
        return read_depth(self.depth_path)

    def label(self) -> LabelMap:
        """Return the class of each pixel, (H, W) of type `dtype`, as `Frame` does."""
        return read_label(
            self.label_path,
            self.lookup,
            indexed=self.indexed,
            colors=self.colors,
            channel=self.channel,
            palette=self.palette,
            dtype=self.dtype,
        )
