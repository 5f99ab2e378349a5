"""At which scale, and through which window, models look at an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..models.base import Window, WindowMode

Size = tuple[int, int]
"""Height and width in pixels."""
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
        """Return the input's size for a frame's, at least one pixel a side."""
        factor = self.value if self.unit == "scale" else self.value / min(frame)
        height, width = (max(1, int(side * factor + 0.5)) for side in frame)
        return height, width


@dataclass(frozen=True)
class RelativeWindow:
    """A window whose sides are shares of the frame's shorter side, so that it fits any data.

    0.75 are 768 pixels of Cityscapes' 1024. `crop` and `stride` do not matter to mode "whole".
    """

    name: str
    mode: WindowMode
    crop: float = 1.0
    stride: float = 1.0

    def window(self, frame: Size) -> Window:
        """Return the window in pixels for a frame's size."""
        crop, stride = (max(1, round(share * min(frame))) for share in (self.crop, self.stride))
        return Window(self.mode, crop, stride)


@dataclass(frozen=True)
class InputView:
    """How a model is to look at an image: None and False leave it to the model."""

    as_it_is: bool = False
    """Whether the image has the size that the network is to see, whatever the model's own is."""
    window: Window | None = None


NATIVE = InputView()
