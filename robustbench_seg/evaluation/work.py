"""Units of work: a frame, its images under some conditions, and what predictions of them give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..corruptions import image_key
from ..datasets.base import Frame
from ..errors import InputError
from ..inference.condition_images import ConditionImages
from ..label_types import LabelMap, ignored_label
from ..predictions.saving import EncodedFile
from ..prefetch import cached_once
from ..protocol.cell import Cell
from ..protocol.condition import Draw
from ..protocol.frame_spec import FrameSpec, checked_depth
from ..protocol.input_geometry import InputView
from ..protocol.pixel_digests import pixel_digest, shaped_digest
from ..protocol.region import Mask
from ..runs.failure import Failure
from ..runs.pictures import Picture
from ..scores.counters import Counter, Counts


class WorkUnit(NamedTuple):
    """Work that is given to one worker: a frame, under some groups of its draws."""

    frame: int
    groups: tuple[int, ...]

    def __str__(self) -> str:
        return f"frame {self.frame}"


class Result(NamedTuple):
    """What is committed at once: counts of one frame, example pictures, failures, files."""

    cells: dict[Cell, tuple[Counts, ...]]
    pictures: list[Picture]
    failures: list[Failure]
    files: list[EncodedFile]

    @classmethod
    def empty(cls) -> Result:
        """Return a result to add parts to."""
        return cls({}, [], [], [])

    def add(self, part: Result) -> None:
        """Add a part of what is committed with it."""
        self.cells.update(part.cells)
        self.pictures.extend(part.pictures)
        self.failures.extend(part.failures)
        self.files.extend(part.files)


class FrameBatch(NamedTuple):
    """Images of a frame under some conditions, and its ground truth."""

    frame: str
    draws: tuple[Draw, ...]
    images: Mapping[Draw, NDArray[np.uint8]]
    """(H', W', 3), of any size, of those draws whose image some model takes."""
    label: LabelMap
    """(H, W)."""
    inside: LabelMap | None
    """The same with the pixels outside of the run's region ignored; None: there is no region."""
    failed: tuple[tuple[Draw, str], ...] = ()
    """Draws that cannot be predicted, each with the reason."""

    def cell(self, model: str, draw: Draw) -> Cell:
        """Return the cell of a model under one of the draws."""
        return Cell(model, *draw.condition.key, self.frame, draw.number)

    def truth(self, counter: Counter) -> LabelMap:
        """Return the ground truth (H, W) that a counter takes."""
        if not counter.in_region:
            return self.label
        assert self.inside is not None  # it is counted where there is a region
        return self.inside

    def by_shape(self) -> Iterator[tuple[InputView, tuple[Draw, ...], NDArray[np.uint8]]]:
        """Yield draws that go through a model together: images (N, H', W', 3) seen in one way."""
        size = self.label.shape

        def look(draw: Draw) -> tuple[InputView, tuple[int, ...]]:
            return draw.condition.view((size[0], size[1])), self.images[draw].shape

        for (view, _), draws in groupby(self.images, look):
            group = tuple(draws)
            yield view, group, np.stack([self.images[draw] for draw in group])  # (N, H', W', 3)


def frame_batches(
    frame: Frame,
    spec: FrameSpec,
    groups: Sequence[tuple[Draw, ...]],
    images: ConditionImages | None,
    mask_of: Callable[[FrameSpec, LabelMap], Mask | None],
) -> Iterator[Callable[[], FrameBatch]]:
    """Yield functions that make the images of a frame, group by group; it is decoded once.

    Without `images`, only those are there that are the frame as it is. `mask_of` returns how much
    of a corruption each pixel shows.
    """
    decoded = cached_once(partial(_decode, frame, spec, mask_of))
    for group in groups:
        yield partial(_make, decoded, spec, group, images)


class _Decoded(NamedTuple):
    """A frame, as all its conditions need it; the fields are those of `FrameBatch`."""

    image: NDArray[np.uint8]
    label: LabelMap
    mask: Mask | None
    inside: LabelMap | None
    depth: NDArray[np.float32] | None


def _decode(
    frame: Frame, spec: FrameSpec, mask_of: Callable[[FrameSpec, LabelMap], Mask | None]
) -> _Decoded:
    try:
        image, label = frame.image(), frame.label()
    except OSError as error:  # raised by a user's own dataset
        raise InputError(f"{spec.name}: cannot be read ({error})") from error
    for what, same in (
        ("image", image_key(image) == spec.image_key),
        (
            "label",
            label.shape == (spec.height, spec.width) and pixel_digest(label) == spec.label_key,
        ),
    ):
        if not same:
            raise InputError(f"{spec.name}: its {what} has changed since the run was begun")
    depth = checked_depth(frame, (spec.height, spec.width)) if spec.depth_key else None
    if depth is not None and shaped_digest(depth) != spec.depth_key:
        raise InputError(f"{spec.name}: its depth has changed since the run was begun")
    mask = mask_of(spec, label)
    if mask is None:
        return _Decoded(image, label, None, None, depth)
    inside = np.where(mask > 0, label, label.dtype.type(ignored_label(label.dtype)))
    return _Decoded(image, label, mask, inside, depth)


def _make(
    decoded: Callable[[], _Decoded],
    frame: FrameSpec,
    draws: tuple[Draw, ...],
    images: ConditionImages | None,
) -> FrameBatch:
    """Make images; a file that went bad since the run began is recorded as failed."""
    try:
        image, label, mask, inside, depth = decoded()
    except InputError as error:
        failed = tuple((draw, str(error)) for draw in draws)
        return FrameBatch(frame.name, (), {}, np.zeros((0, 0), np.uint8), None, failed)
    made: dict[Draw, NDArray[np.uint8]] = {}
    reasons: dict[Draw, str] = {}
    if images is None:
        made = {draw: image for draw in draws if not draw.condition.changes_images}
        return FrameBatch(frame.name, draws, made, label, inside)
    for draw in draws:
        try:
            made[draw] = images.make(draw, image, frame.image_key, mask, depth)
        except InputError as error:
            reasons[draw] = str(error)
    return FrameBatch(frame.name, (*made,), made, label, inside, (*reasons.items(),))
