"""The specification of a run: everything that its numbers depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..corruptions import Implementation, image_key
from ..datasets.base import ClassInfo, Dataset, Frame
from ..datasets.class_maps import ClassMapSpec
from ..datasets.frame_checks import check_pair
from ..models.base import NOTHING, Precision, Segmenter, Window
from ..models.preprocessing import preprocessing_from_dict
from ..names import slug
from ..progress import Progress
from .cell import Cell
from .condition import CLEAN, Condition, Draw
from .input_geometry import Scale, Size
from .suites import Suite, suite_from_dict
from .suites.suite import tuples


@dataclass(frozen=True)
class ModelSpec:
    """A model and its settings in a run."""

    name: str
    trained_on: str
    weights: Mapping[str, str]
    preprocessing: Mapping[str, Any]
    window: Window

    @classmethod
    def of(cls, segmenter: Segmenter, window: Window) -> ModelSpec:
        """Return the specification of a segmenter that is run with a window."""
        return cls(
            segmenter.name,
            segmenter.trained_on,
            dict(segmenter.weights),
            asdict(segmenter.preprocessing),
            window,
        )

    @property
    def untrained(self) -> bool:
        """Whether the weights are random, and the scores mean nothing."""
        return self.trained_on == NOTHING

    def input_size(self, frame: Size) -> Size:
        """Return the size (height, width) at which the model itself reads frames of a size."""
        return preprocessing_from_dict(self.preprocessing).input_size(frame)


@dataclass(frozen=True)
class FrameSpec:
    """A frame: size in pixels, digests, and pixels of ground truth per class."""

    name: str
    height: int
    width: int
    image_key: str
    label_key: str
    class_pixels: tuple[int, ...]
    group: str = ""
    """City or sequence of the frame; "" where frames have none."""
    condition: str = ""
    """Condition in which the frame was taken, the only one it is evaluated under; else ""."""

    @classmethod
    def of(cls, frame: Frame, classes: int) -> FrameSpec:
        """Read a frame; InputError if its image or label is invalid."""
        image, label = frame.image(), frame.label()
        class_pixels = check_pair(frame.name, image, label, classes)
        height, width = label.shape
        return cls(
            *(frame.name, height, width, image_key(image), pixel_digest(label), class_pixels),
            *(frame.group, frame.condition),
        )


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

    models: tuple[ModelSpec, ...]
    dataset: str
    split: str
    classes: tuple[ClassInfo, ...]
    frames: tuple[FrameSpec, ...]
    suite: Suite
    seed: int
    device: str
    precision: Precision
    threads: int
    batch: int
    """Inputs that go through a model together, and conditions of a frame in work at once."""
    compiled: bool
    """Whether torch compiled the models."""
    versions: Mapping[str, str]
    """Package versions: another version may make other pixels."""
    implementation: Implementation = "native"
    copy: CopySpec | None = None
    """Corrupted copy that images are read from; None: they are made in the run."""
    input_scale: float | None = None
    """Scale at which all models see all images; None: each model's own size."""
    class_map: ClassMapSpec | None = None
    """How predicted classes are scored as those of the labels; None: they are the same."""
    draws: int = 1
    """Repetitions of random conditions, with the seeds from `seed` on."""

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

    def cells(self, frame: FrameSpec, draws: Iterable[Draw] | None = None) -> frozenset[Cell]:
        """Return the cells of a frame under some draws, by default all, for every model."""
        return frozenset(
            Cell(model.name, *condition.key, frame.name, number)
            for condition, number in (self.draws_of_frame(frame) if draws is None else draws)
            for model in self.models
        )

    @property
    def random(self) -> bool:
        """Whether any pixel depends on the seed."""
        return any(condition.random for condition in self.conditions)

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
        pixels = [frame.class_pixels for frame in self.frames if frame.name in names]
        present: NDArray[np.bool_] = np.array(pixels).sum(axis=0) > 0  # (frames, C) -> (C,)
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
    def slug(self) -> str:
        """Name of the run's folder: what is run, and a digest that no other specification has."""
        digest = hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()
        models = "+".join(model.name for model in self.models)[:80]
        return slug(f"{models}_{self.suite.name}_{self.dataset}-{self.split}_{digest[:8]}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "implementation": _STORED_IMPLEMENTATION[self.implementation]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Spec:
        """Return the specification that `to_dict` made plain values of, also through JSON."""
        values = tuples(values)
        parts = {
            "models": tuple(
                ModelSpec(**{**model, "window": Window(**model["window"])})
                for model in values["models"]
            ),
            "classes": tuple(ClassInfo(**info) for info in values["classes"]),
            "frames": tuple(FrameSpec(**frame) for frame in values["frames"]),
            "suite": suite_from_dict(values["suite"]),
            "copy": CopySpec(**values["copy"]) if values.get("copy") else None,
            "class_map": ClassMapSpec(**values["class_map"]) if values.get("class_map") else None,
            "implementation": _READ_IMPLEMENTATION[values.get("implementation", "ours")],
        }
        return cls(**{**values, **parts})


_STORED_IMPLEMENTATION: Mapping[Implementation, str] = {
    "native": "ours",
    "imagecorruptions": "reference",
}
"""The words of version 0.1.0, which specifications on disk and their digests keep."""
_READ_IMPLEMENTATION = {stored: name for name, stored in _STORED_IMPLEMENTATION.items()}


def pixel_digest(pixels: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of an image's or a label's bytes, (H, W, 3) or (H, W), row by row."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def frames_of(dataset: Dataset, progress: Progress) -> tuple[FrameSpec, ...]:
    """Read every frame of a dataset, so that a faulty one is found before long work."""
    specs = []
    for done, frame in enumerate(dataset.frames, start=1):
        specs.append(FrameSpec.of(frame, len(dataset.classes)))
        progress("checking frames", done, len(dataset.frames), frame.name)
    return tuple(specs)
