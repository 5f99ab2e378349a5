"""What people get wrong about a model's input: the settings that a diagnosis tries."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from ..models.base import IMAGENET, Channels, Preprocessing, Window, shown

Size = tuple[int, int]
Triple = tuple[float, float, float]

_CITYSCAPES: tuple[Triple, Triple] = ((73.158, 82.909, 72.392), (44.915, 46.153, 45.319))
NORMALISATIONS: Mapping[str, tuple[Triple, Triple]] = {
    "ImageNet's mean and std": (IMAGENET.mean, IMAGENET.std),
    "ImageNet's mean alone": (IMAGENET.mean, (1, 1, 1)),
    "mean and std 0.5": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "Cityscapes' mean and std": _CITYSCAPES,
    # As the authors of ESPNet do it: divided by the deviation, and by 255 after that.
    "Cityscapes' mean and std, then / 255": (
        _CITYSCAPES[0],
        (_CITYSCAPES[1][0] * 255, _CITYSCAPES[1][1] * 255, _CITYSCAPES[1][2] * 255),
    ),
    "none, pixels 0-1": ((0, 0, 0), (255, 255, 255)),
    "none, pixels 0-255": ((0, 0, 0), (1, 1, 1)),
}
"""Mean and std of red, green and blue, in grey levels, by what they are."""
_LARGEST = 2**17
"""Pixels of an input on which normalisations are compared, for speed."""
_MULTIPLE = 32


class Setting(NamedTuple):
    """One way to run a model."""

    preprocessing: Preprocessing
    window: Window

    def differences(self, other: Setting) -> Iterator[tuple[str, Setting]]:
        """Yield each part in which this setting differs from another, and itself with that part."""
        own, its = self.preprocessing, other.preprocessing
        if own.channels != its.channels:
            yield "channels", self._with(reverse(own))
        if _red_first(own) != _red_first(its):
            red_first = _red_first(its)
            yield "normalisation", self._with(_normalised(own, red_first, own.channels))
        if own.input_size((999, 1999)) != its.input_size((999, 1999)):
            resized = replace(its, mean=own.mean, std=own.std, channels=own.channels)
            yield "input size", self._with(resized)
        if self.window != other.window:
            yield "window", self._replace(window=other.window)

    def _with(self, preprocessing: Preprocessing) -> Setting:
        return self._replace(preprocessing=preprocessing)


def normalisations(setting: Setting, own: Preprocessing) -> Iterator[tuple[str, Setting]]:
    """Yield a setting with each normalisation, also the model's own, in its order of channels."""
    known = {"the model's mean and std": _red_first(own)}
    known |= {name: pair for name, pair in NORMALISATIONS.items() if pair != _red_first(own)}
    channels = setting.preprocessing.channels
    for name, red_first in known.items():
        made = _normalised(setting.preprocessing, red_first, channels)
        yield f"{name}, {channels}", Setting(made, setting.window)


def reversals(named: Iterable[tuple[str, Setting]]) -> Iterator[tuple[str, Setting]]:
    """Yield settings with the channels in the other order."""
    for name, setting in named:
        made = reverse(setting.preprocessing)
        yield f"{name.rpartition(',')[0]}, {made.channels}", setting._replace(preprocessing=made)


def sizes(setting: Setting, frame: Size) -> Iterator[tuple[str, Setting]]:
    """Yield a setting with each input size for frames of a size, (height, width), small to large.

    Those in the shape of the frame come first. None is much larger than the frame.
    """
    height, width = frame
    named: list[tuple[str, Size]] = []
    for factor in (0.25, 0.5, 1, 2):
        size = round(height * factor), round(width * factor)
        if factor == 1 or (min(size) >= 64 and max(size) <= 2048):
            named.append(("the frame's own" if factor == 1 else f"{factor:g} of the frame", size))
    named += [("a square", (512, 512)), ("twice as wide", (512, 1024)), ("a square", (1024, 1024))]
    largest = 4 * max(height * width, math.prod(setting.preprocessing.input_size(frame)))
    for size in dict.fromkeys(size for _, size in named if math.prod(size) <= largest):
        name = next(name for name, other in named if other == size)
        wanted = None if size == frame else size
        made = replace(setting.preprocessing.without_size(), size=wanted)
        yield f"{size[1]}x{size[0]}, {name}", Setting(made, setting.window)


def windows(setting: Setting, frame: Size, own: Setting) -> Iterator[tuple[str, Setting]]:
    """Yield a setting with the whole image and with sliding windows, where they differ.

    A model that resizes frames to its window may be meant to slide over them at their own size.
    """
    sides = own.preprocessing.size or (0, 1)
    squares = [(sides[0], sides[0] * 2 // 3)] if sides[0] == sides[1] else []
    usual = [*squares, (512, 341), (1024, 768)]
    made = [replace(own.window, mode="slide"), *(Window("slide", *each) for each in usual)]
    distinct = [*dict.fromkeys(made)]
    native = setting._replace(preprocessing=setting.preprocessing.without_size())
    settings = {"": setting, ", the frame's own size": native}
    if setting.preprocessing.input_size(frame) == frame:
        settings.popitem()
    for name, resized in settings.items():
        for window in distinct[: None if resized is setting else 1 + len(squares)]:
            if not window.holds(resized.preprocessing.input_size(frame)):
                text = f"slide, {shown(window.crop)} pixels, stride {shown(window.stride)}{name}"
                yield text, resized._replace(window=window)
    yield "whole", setting._replace(window=replace(own.window, mode="whole"))


def quick(setting: Setting, frame: Size) -> Setting:
    """Return a setting whose input is small enough to try many normalisations on it."""
    height, width = setting.preprocessing.input_size(frame)
    if height * width <= _LARGEST:
        return setting
    factor = (_LARGEST / (height * width)) ** 0.5
    # Networks that halve their input several times need such sides.
    sides = [max(round(side * factor / _MULTIPLE), 1) * _MULTIPLE for side in (height, width)]
    plain = setting.preprocessing.without_size()
    size = sides[0], sides[1]
    return Setting(replace(plain, size=size), replace(setting.window, mode="whole"))


def reverse(preprocessing: Preprocessing) -> Preprocessing:
    """Return the same preprocessing for channels in the other order."""
    other: Channels = "RGB" if preprocessing.channels == "BGR" else "BGR"
    return _normalised(preprocessing, _red_first(preprocessing), other)


def _red_first(preprocessing: Preprocessing) -> tuple[Triple, Triple]:
    (a, b, c), (x, y, z) = preprocessing.mean, preprocessing.std
    blue_first = preprocessing.channels == "BGR"
    return ((c, b, a), (z, y, x)) if blue_first else ((a, b, c), (x, y, z))


def _normalised(
    preprocessing: Preprocessing, red_first: tuple[Triple, Triple], channels: Channels
) -> Preprocessing:
    (a, b, c), (x, y, z) = red_first
    mean, std = ((c, b, a), (z, y, x)) if channels == "BGR" else red_first
    return replace(preprocessing, mean=mean, std=std, channels=channels)
