"""What a run evaluates: everything that its numbers may depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptions import Implementation, Suite, image_key

from ..datasets.base import ClassInfo, Dataset, Frame
from ..datasets.checks import check_pair
from ..models.base import NOTHING, Segmenter, Window
from ..progress import Progress
from .predict import Precision


@dataclass(frozen=True)
class ModelSpec:
    """A model as it is run."""

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
        """Whether the weights are random, so that its scores mean nothing."""
        return self.trained_on == NOTHING

    def input_scale(self, size: tuple[int, int]) -> str:
        """Say at which scale the model sees frames of a size (height, width) in pixels.

        For example "1024x512, 0.50 of 2048x1024"; severities are in pixels of the frame, so this
        is a part of every score.
        """
        height, width = self.preprocessing["size"] or size
        vertical, horizontal = height / size[0], width / size[1]
        if vertical == horizontal == 1:
            return f"{width}x{height}, native"
        both = f"{vertical:.2f}" if vertical == horizontal else f"{horizontal:.2f} x {vertical:.2f}"
        return f"{width}x{height}, {both} of {size[1]}x{size[0]}"


@dataclass(frozen=True)
class FrameSpec:
    """A frame as it was found: sizes in pixels, digests, and pixels of ground truth per class."""

    name: str
    height: int
    width: int
    image_key: str
    label_key: str
    class_pixels: tuple[int, ...]

    @classmethod
    def of(cls, frame: Frame, classes: int) -> FrameSpec:
        """Read a frame whole; InputError if image and label are not what they should be."""
        image, label = frame.image(), frame.label()
        class_pixels = check_pair(frame.name, image, label, classes)
        height, width = label.shape
        label_key = hashlib.sha256(label.tobytes()).hexdigest()
        return cls(frame.name, height, width, image_key(image), label_key, class_pixels)


@dataclass(frozen=True)
class CopySpec:
    """A corrupted copy that the images of a run are read from."""

    digest: str
    """Of the digests of the images that the run reads."""
    versions: Mapping[str, str]
    """Of the packages that made them."""


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
    """How many inputs go through a model, and conditions of a frame are in work, together."""
    compiled: bool
    """Whether torch compiled the model."""
    versions: Mapping[str, str]
    """Of the packages: another version may make other pixels."""
    implementation: Implementation = "ours"
    copy: CopySpec | None = None
    """What has the corrupted images; None: they are made in the run."""

    def class_set(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Return which classes have ground truth in the named frames, as a mask (C,)."""
        pixels = [frame.class_pixels for frame in self.frames if frame.name in names]
        present: NDArray[np.bool_] = np.array(pixels).sum(axis=0) > 0  # (frames, C) -> (C,)
        return present

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the label values."""
        return tuple(info.name for info in self.classes)

    @property
    def dataset_digest(self) -> str:
        """A digest of all images and labels."""
        keys = [(frame.name, frame.image_key, frame.label_key) for frame in self.frames]
        return hashlib.sha256(json.dumps(keys).encode()).hexdigest()

    @property
    def slug(self) -> str:
        """A folder name that says what is run, and that no other specification has."""
        digest = hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()
        models = "+".join(model.name for model in self.models)[:80]
        name = f"{models}_{self.suite.name}_{self.dataset}-{self.split}_{digest[:8]}"
        return "".join(letter if letter.isalnum() or letter in "@+-_." else "-" for letter in name)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Spec:
        """Return the specification that `to_dict` gave, from JSON."""
        models = [
            ModelSpec(**{**model, "window": Window(**model["window"])})
            for model in values["models"]
        ]
        frames = [
            FrameSpec(**{**frame, "class_pixels": tuple(frame["class_pixels"])})
            for frame in values["frames"]
        ]
        parts = {
            "models": tuple(models),
            "classes": tuple(
                ClassInfo(**{**info, "color": tuple(info["color"])}) for info in values["classes"]
            ),
            "frames": tuple(frames),
            "suite": Suite.from_dict(values["suite"]),
            "copy": CopySpec(**values["copy"]) if values.get("copy") else None,
        }
        return cls(**{**values, **parts})


_PIXELS_TOGETHER = {"cpu": 2**18, "cuda": 2**23}


def batch_size(frames: Sequence[FrameSpec], device: str) -> int:
    """Return how many conditions of a frame are predicted together, at least one.

    Two of 512x256 on a CPU, one of anything larger: a larger batch is slower there, because its
    arrays outgrow what the allocator keeps and each new one is paged in again. Four of 2048x1024 on
    a GPU.
    """
    pixels = _PIXELS_TOGETHER.get(device.split(":")[0], _PIXELS_TOGETHER["cpu"])
    return max(1, pixels // max(frame.height * frame.width for frame in frames))


def frames_of(dataset: Dataset, progress: Progress) -> tuple[FrameSpec, ...]:
    """Read every frame of a dataset, so that what is wrong with one is known before long work."""
    specs = []
    for done, frame in enumerate(dataset.frames, start=1):
        specs.append(FrameSpec.of(frame, len(dataset.classes)))
        progress("checking frames", done, len(dataset.frames), frame.name)
    return tuple(specs)
