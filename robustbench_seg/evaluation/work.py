"""A piece of work: a frame, and what the models see of it under its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptions import image_key

from ..datasets.base import Frame
from ..errors import InputError
from ..inference.prefetch import cached_once
from ..protocol.input_geometry import InputView
from ..protocol.spec import FrameSpec, label_key
from ..runs.store import Cell
from .condition import Condition


class WorkUnit(NamedTuple):
    """A piece of work that is given to one worker: a frame, under some groups of its conditions."""

    frame: int
    groups: tuple[int, ...]


class FrameBatch(NamedTuple):
    """What the models see of a frame under some conditions, and its ground truth."""

    frame: str
    conditions: tuple[Condition, ...]
    images: tuple[NDArray[np.uint8], ...]
    """(H', W', 3), one for each condition, of any size."""
    label: NDArray[np.uint8]
    """(H, W)."""
    failed: tuple[tuple[Condition, str], ...] = ()
    """Further conditions, of which there is no image, each with the reason."""

    def cell(self, model: str, condition: Condition) -> Cell:
        """Return the cell of a model under one of the conditions."""
        return Cell(model, condition.name, condition.severity, self.frame, condition.draw)

    def by_shape(self) -> Iterator[tuple[InputView, tuple[Condition, ...], NDArray[np.uint8]]]:
        """Yield conditions whose images, (N, H', W', 3), are of one size and looked at in one way.

        They go through a model together.
        """
        size = self.label.shape

        def look(place: int) -> tuple[InputView, tuple[int, ...]]:
            return self.conditions[place].view((size[0], size[1])), self.images[place].shape

        for (view, _), places in groupby(range(len(self.images)), look):
            group = list(places)
            images = np.stack([self.images[place] for place in group])  # (N, H', W', 3)
            yield view, tuple(self.conditions[place] for place in group), images


def images(
    frame: Frame, found: FrameSpec, groups: Sequence[tuple[Condition, ...]], seed: int
) -> Iterator[Callable[[], FrameBatch]]:
    """Yield how to make the images of a frame, group by group; it is decoded once."""
    decoded = cached_once(partial(_decode, frame, found))
    for group in groups:
        yield partial(_see, decoded, found, group, seed)


def _decode(frame: Frame, found: FrameSpec) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    try:
        image, label = frame.image(), frame.label()
    except OSError as error:  # from what a user's dataset reads
        raise InputError(f"{found.name}: cannot be read ({error})") from error
    for what, same in (
        ("image", image_key(image) == found.image_key),
        ("label", label_key(label) == found.label_key),
    ):
        if not same:
            raise InputError(f"{found.name}: its {what} has changed since the run was begun")
    return image, label


def _see(
    decoded: Callable[[], tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    frame: FrameSpec,
    conditions: tuple[Condition, ...],
    seed: int,
) -> FrameBatch:
    """Make images; what is bad now, although it was not before the long work, is noted."""
    try:
        image, label = decoded()
    except InputError as error:
        failed = tuple((condition, str(error)) for condition in conditions)
        return FrameBatch(frame.name, (), (), np.zeros((0, 0), np.uint8), failed)
    images: dict[Condition, NDArray[np.uint8]] = {}
    reasons: dict[Condition, str] = {}
    for condition in conditions:
        try:
            images[condition] = condition.apply(image, frame.image_key, seed)
        except InputError as error:
            reasons[condition] = str(error)
    return FrameBatch(frame.name, (*images,), (*images.values(),), label, (*reasons.items(),))
