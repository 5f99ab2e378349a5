"""Input geometry: the scale and the window at which a model sees an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ..models.base import Window, WindowMode
from ..schema import Between, Name

Size = tuple[int, int]
"""(height, width) in pixels."""
Unit = Literal["scale", "short side"]


@dataclass(frozen=True)
class Scale:
    """The size of a network's input: a factor of the frame's sides, or its shorter side in pixels.

    The aspect ratio is kept; sides are rounded to whole pixels, as mmcv's `imrescale` does.
    """

    unit: Unit
    value: float

    def __str__(self) -> str:
        return f"{self.unit} {self.value:g}"

    def size(self, frame: Size) -> Size:
        """Return the size of the input for a frame of a size, at least one pixel a side."""
        factor = self.value if self.unit == "scale" else self.value / min(frame)
        height, width = (max(1, int(side * factor + 0.5)) for side in frame)
        return height, width


@dataclass(frozen=True)
class RelativeWindow:
    """A window relative to the frame's shorter side, which fits frames of any size.

    A crop of 0.75 is 768 pixels on Cityscapes. Mode "whole" ignores `crop` and `stride`.
    """

    name: Name
    mode: WindowMode
    crop: Annotated[float, Between(0, 16)] = 1.0
    stride: Annotated[float, Between(0, 16)] = 1.0

    def __str__(self) -> str:
        return self.name

    def window(self, frame: Size) -> Window:
        """Return the window in pixels for a frame's size."""
        crop, stride = (max(1, round(share * min(frame))) for share in (self.crop, self.stride))
        return Window(self.mode, crop, stride)


@dataclass(frozen=True)
class InputView:
    """How a model sees an image; the defaults are the model's own way."""

    as_it_is: bool = False
    """Whether the image enters the network at its own size, not resized by the model."""
    window: Window | None = None


NATIVE = InputView()
