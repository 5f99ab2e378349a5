"""The specification of a run: everything that its numbers depend on."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from ..corruptions import Implementation
from ..corruptions.seeding import stream_seed
from ..datasets.base import ClassInfo
from ..datasets.class_maps import ClassMapSpec
from ..errors import InputError
from ..label_types import MOST_CLASSES, LabelMap
from ..models.base import TORCH, Precision
from ..names import slug
from ..schema import Between, Positive, ReadBy
from ..scores.counters import INSIDE, MATRIX, Counter, Measure, read_measures
from .cell import Cell
from .condition import CLEAN, Condition, Draw
from .frame_spec import FrameSpec
from .input_geometry import Scale, Size
from .model_spec import ModelSpec
from .region import Mask, Region, stored_region
from .suites import Suite, suite_from_dict
from .suites.resolution import LARGEST, SMALLEST

_STORED_IMPLEMENTATION: Mapping[Implementation, str] = {
    "native": "ours",
    "imagecorruptions": "reference",
}
"""The words of version 0.1.0, which specifications on disk and their digests keep."""


def _implementation(value: object, where: str) -> Implementation:
    for name, stored in _STORED_IMPLEMENTATION.items():
        if value == stored:
            return name
    raise InputError(f"{where}: expected one of {', '.join(_STORED_IMPLEMENTATION.values())}")


def _measures(value: object, where: str) -> tuple[str, ...]:
    given = value if isinstance(value, list | tuple) else ()
    if not all(isinstance(name, str) for name in given):
        raise InputError(f"{where}: expected a list of names")
    names = tuple(measure.name for measure in read_measures(given))
    if not names or names != tuple(given):
        raise InputError(f"{where}: expected {', '.join(names)}")
    return names


@dataclass(frozen=True)
class CopySpec:
    """A corrupted copy from which a run reads its images."""

    digest: str
    """Digest over the digests of all images that the run reads."""
    versions: Mapping[str, str]
    """Versions of the packages that made the images."""


@dataclass(frozen=True)
class Spec:
    """The specification of a run. Two runs with equal specifications give equal numbers."""

    models: Annotated[tuple[ModelSpec, ...], Between(1, 1000)]
    dataset: str
    split: str
    classes: Annotated[tuple[ClassInfo, ...], Between(1, MOST_CLASSES)]
    frames: Annotated[tuple[FrameSpec, ...], Between(1, 2**20)]
    suite: Annotated[Suite, ReadBy(suite_from_dict)]
    seed: Annotated[int, Between(-(2**64), 2**64)]
    device: str
    precision: Precision
    threads: Positive
    batch: Positive
    """Inputs that go through a model together, and conditions of a frame in work at once."""
    compiled: bool
    """Whether torch compiled the models."""
    versions: Mapping[str, str]
    """Package versions: another version may make other pixels."""
    implementation: Annotated[Implementation, ReadBy(_implementation)] = "native"
    copy: CopySpec | None = None
    """Corrupted copy that images are read from; None: they are made in the run."""
    input_scale: Annotated[float, Between(SMALLEST, LARGEST)] | None = None
    """Scale at which all models see all images; None: each model's own size."""
    class_map: ClassMapSpec | None = None
    """How predicted classes are scored as those of the labels; None: they are the same."""
    draws: Annotated[int, Between(1, 100_000)] = 1
    """Repetitions of random conditions, with the seeds from `seed` on."""
    measures: Annotated[tuple[str, ...], ReadBy(_measures)] = ()
    """What is measured beside mIoU, such as "boundary:0.5%"."""
    region: Annotated[Region, ReadBy(stored_region)] | None = None
    """The part of each frame that is corrupted; None: all of it."""

    @cached_property
    def counted_beside(self) -> tuple[Measure, ...]:
        """What is counted of each prediction beside the confusion matrix."""
        measures = read_measures(self.measures)
        return measures if self.region is None else (*measures, INSIDE)

    @property
    def counters(self) -> tuple[Counter, ...]:
        """What is counted of each prediction, the confusion matrix first."""
        return (MATRIX, *self.counted_beside)

    @property
    def columns(self) -> int:
        """Values of a predicted label: with a class map, one is for predictions of no class."""
        return len(self.classes) + (self.class_map is not None)

    @property
    def count_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the counts of a cell, by counter."""
        return tuple(counter.shape(len(self.classes), self.columns) for counter in self.counters)

    @property
    def counts_of_cell(self) -> int:
        """Number of the counts of a cell, zeros included."""
        return sum(map(math.prod, self.count_shapes))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions in the order of the run, clean first."""
        every = (CLEAN, *self.suite.conditions)
        if self.taken:
            taken_in = {frame.condition for frame in self.frames}
            every = tuple(condition for condition in every if condition.name in taken_in)
        if self.input_scale is not None:
            scale = Scale("scale", self.input_scale)
            every = tuple(replace(condition, scale=scale) for condition in every)
        return every

    @property
    def taken(self) -> bool:
        """Whether each frame was taken in one of the conditions."""
        return any(frame.condition for frame in self.frames)

    def draws_of(self, condition: Condition) -> range:
        """Return the numbers of the draws of a condition: 0 alone unless it is random."""
        return range(self.draws if condition.random else 1)

    def draws_of_frame(self, frame: FrameSpec) -> tuple[Draw, ...]:
        """Return each draw of each condition under which a frame is seen, in order."""
        return tuple(
            Draw(condition, number)
            for condition in self.conditions
            if frame.condition in ("", condition.name)
            for number in self.draws_of(condition)
        )

    def draw_groups(self, frame: FrameSpec) -> list[tuple[Draw, ...]]:
        """Return the draws of a frame in groups that are predicted and committed together.

        The specification alone determines them, so that a resumed run computes the same numbers.
        """
        known, size = self._draw_groups, self.batch
        if frame.condition not in known:
            draws = self.draws_of_frame(frame)
            known[frame.condition] = [draws[at : at + size] for at in range(0, len(draws), size)]
        return known[frame.condition]

    @cached_property
    def _draw_groups(self) -> dict[str, list[tuple[Draw, ...]]]:
        """Groups of draws, by the condition that a frame was taken in."""
        return {}

    def cells(self, frame: FrameSpec, draws: Iterable[Draw] | None = None) -> frozenset[Cell]:
        """Return the cells of a frame under some draws, by default all, for every model."""
        return frozenset(
            Cell(model.name, *condition.key, frame.name, number)
            for condition, number in (self.draws_of_frame(frame) if draws is None else draws)
            for model in self.models
        )

    @property
    def attacked(self) -> bool:
        """Whether models are attacked."""
        return any(condition.attack for condition in self.conditions)

    @property
    def random(self) -> bool:
        """Whether any pixel depends on the seed."""
        return any(condition.random for condition in self.conditions)

    def mask(self, frame: FrameSpec, label: LabelMap) -> Mask | None:
        """Return how much of a corruption each pixel of a frame shows, (H, W); None: all of it.

        It is the same for all models, conditions and draws.
        """
        if self.region is None:
            return None
        stream = stream_seed(self.seed, frame.image_key, "region", 0)
        return self.region.mask(label, self.class_names, stream)

    @cached_property
    def frames_without_region(self) -> tuple[str, ...]:
        """Names of the frames that have no pixel of the region, and so stay clean."""
        region = self.region
        if region is None:
            return ()
        classes = self.class_names
        return tuple(frame.name for frame in self.frames if region.is_empty(frame, classes))

    def input_size(self, model: ModelSpec, frame: Size) -> Size:
        """Return the size at which a model sees frames of a size, unless the suite rescales them.

        Severities are in pixels of the frame, so this affects every score.
        """
        if self.input_scale is None:
            return model.input_size(frame)
        return Scale("scale", self.input_scale).size(frame)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Sizes of the frames, (height, width), each once."""
        return tuple(sorted({(frame.height, frame.width) for frame in self.frames}))

    @property
    def one_scale(self) -> bool:
        """Whether all models see the frames at the same size."""
        return all(
            len({self.input_size(model, size) for model in self.models}) == 1 for size in self.sizes
        )

    def class_set(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Return which classes have ground truth in the named frames, as a mask (C,)."""
        wanted = set(names)
        present = np.zeros(len(self.classes), np.bool_)
        for frame in self.frames:
            if frame.name in wanted:
                present |= np.array(frame.class_pixels) > 0
        return present

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the label values."""
        return tuple(info.name for info in self.classes)

    @property
    def dataset_digest(self) -> str:
        """SHA-256 of all images and labels."""
        keys = [(frame.name, frame.image_key, frame.label_key) for frame in self.frames]
        return hashlib.sha256(json.dumps(keys).encode()).hexdigest()

    @property
    def depth_digest(self) -> str:
        """SHA-256 of the depth of all frames; "" where no condition needs it."""
        keys = [(frame.name, frame.depth_key) for frame in self.frames if frame.depth_key]
        return hashlib.sha256(json.dumps(keys).encode()).hexdigest() if keys else ""

    @property
    def slug(self) -> str:
        """Name of the run's folder: what is run, and a digest that no other specification has."""
        digest = hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()
        models = "+".join(model.name for model in self.models)[:80]
        return slug(f"{models}_{self.suite.name}_{self.dataset}-{self.split}_{digest[:8]}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {**asdict(self), "suite": self.suite.to_dict()}
        # What version 0.1.0 knew alone, and did not name:
        for model in values["models"]:
            if model["runtime"] == TORCH:
                del model["runtime"]
            if model["temperature"] == 1:
                del model["temperature"]
        for frame in values["frames"]:
            if not frame["depth_key"]:
                del frame["depth_key"]
        if not self.measures:
            del values["measures"]
        if self.region is None:
            del values["region"]
        else:
            values["region"] = str(self.region)
        return {**values, "implementation": _STORED_IMPLEMENTATION[self.implementation]}
