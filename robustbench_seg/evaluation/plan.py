"""What is to be run: names resolved, weights loaded, frames read; what could fail early has not."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from corruptions import Implementation

from ..datasets.base import Dataset, Frame
from ..datasets.registry import open_dataset
from ..errors import InputError
from ..folders import check_folder
from ..models.base import Segmenter, Window, WindowMode
from ..models.registry import load
from ..progress import Progress
from ..versions import EVALUATING, versions
from .ahead import once
from .conditions import Condition
from .origin import find_origin
from .predict import Precision, Predictor, resolve_device
from .spec import FrameSpec, ModelSpec, Spec, batch_size, frames_of
from .store import FILE, Cell

# Not `reports`: a folder of that name would hide the package from an editable install.
RESULTS = Path("results")


class Seen(NamedTuple):
    """What the models see of a frame under some conditions, and its ground truth."""

    frame: str
    conditions: tuple[Condition, ...]
    images: NDArray[np.uint8]
    """(N, H, W, 3), one for each condition."""
    label: NDArray[np.uint8]
    """(H, W)."""


@dataclass(frozen=True)
class Plan:
    """All that is needed to run a specification; whatever could fail early has not."""

    spec: Spec
    dataset: Dataset
    predictors: tuple[Predictor, ...]
    conditions: tuple[Condition, ...]
    folder: Path

    @property
    def producers(self) -> int:
        """How many threads make images; on a CPU, where the model takes all cores, one.

        The reference package draws from global generators, so one thread uses it.
        """
        if self.spec.device == "cpu" or self.spec.implementation == "reference":
            return 1
        return os.cpu_count() or 1

    def missing(self, stored: Container[Cell]) -> Iterator[Callable[[], Seen]]:
        """Yield how to make the images of whatever is not stored, frame by frame.

        Conditions are taken in groups that are predicted and committed together. These are fixed by
        the specification, not by what is missing, so that a resumed run computes every number as an
        uninterrupted one does.
        """
        for frame, found in zip(self.dataset.frames, self.spec.frames, strict=True):
            decoded = once(partial(_decode, frame))
            for start in range(0, len(self.conditions), self.spec.batch):
                group = self.conditions[start : start + self.spec.batch]
                if any(cell not in stored for cell in self.cells(found, group)):
                    yield partial(_see, decoded, found, group, self.spec.seed)

    def cells(self, frame: FrameSpec, conditions: Sequence[Condition]) -> set[Cell]:
        """Return the cells of a frame under some conditions, for all models."""
        return {
            Cell(model.name, condition.name, condition.severity, frame.name)
            for model in self.spec.models
            for condition in conditions
        }


def make_plan(
    models: Sequence[str],
    *,
    suite: str | None,
    data: str | None,
    split: str,
    weights: str | None,
    limit: int | None,
    corruptions: Sequence[str] | None,
    severities: Sequence[int] | None,
    window: WindowMode | None,
    seed: int | None,
    implementation: Implementation,
    conditions: str | Path | None,
    device: str | None,
    precision: Precision,
    batch: int | None,
    compiled: bool,
    out: str | Path | None,
    progress: Progress,
) -> Plan:
    """Resolve names, load weights and read every frame; see `evaluate` for the arguments."""
    _check_options(models, window, precision, batch)
    check_folder(Path(out) if out is not None else RESULTS / "new", FILE)
    origin = find_origin(
        suite=suite,
        corruptions=corruptions,
        severities=severities,
        seed=seed,
        implementation=implementation,
        conditions=conditions,
    )
    dataset = open_dataset(data, split, limit)
    chosen_device = resolve_device(device)
    segmenters = _load_models(models, dataset, weights)
    frames = frames_of(dataset, progress)
    if not any(sum(frame.class_pixels) for frame in frames):
        raise InputError(f"--data {dataset.root}: no frame of {split} has any labelled pixel")
    chosen_batch = batch or batch_size(frames, chosen_device)
    predictors = tuple(
        Predictor(
            segmenter,
            chosen_device,
            precision,
            _window(segmenter, window),
            batch=chosen_batch,
            compiled=compiled,
        )
        for segmenter in segmenters
    )
    spec = Spec(
        models=tuple(ModelSpec.of(item.segmenter, item.window) for item in predictors),
        dataset=dataset.name,
        split=dataset.split,
        classes=dataset.classes,
        frames=frames,
        suite=origin.suite,
        seed=origin.seed,
        device=chosen_device,
        precision=precision,
        threads=torch.get_num_threads(),
        batch=chosen_batch,
        compiled=compiled,
        versions=versions(EVALUATING),
        implementation=origin.implementation,
        copy=origin.check(frames),
    )
    folder = Path(out) if out is not None else RESULTS / spec.slug
    return Plan(spec, dataset, predictors, origin.conditions(), folder)


def _decode(frame: Frame) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return frame.image(), frame.label()


def _see(
    decoded: Callable[[], tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    frame: FrameSpec,
    conditions: tuple[Condition, ...],
    seed: int,
) -> Seen:
    image, label = decoded()
    images = [condition.apply(image, frame.image_key, seed) for condition in conditions]
    return Seen(frame.name, conditions, np.stack(images), label)  # (N, H, W, 3), (H, W)


def _check_options(
    models: Sequence[str], window: str | None, precision: str, batch: int | None
) -> None:
    if not models:
        raise InputError("--model: name at least one")
    if window not in (None, *get_args(WindowMode)):
        raise InputError(f"--window {window}: use one of {', '.join(get_args(WindowMode))}")
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise InputError(f"--batch {batch}: must be a whole number, 1 or more")
    if precision not in get_args(Precision):
        raise InputError(f"--precision {precision}: use one of {', '.join(get_args(Precision))}")


def _load_models(
    models: Sequence[str], dataset: Dataset, weights: str | None
) -> tuple[Segmenter, ...]:
    if weights is not None and len(models) != 1:
        raise InputError("--weights: goes with one --model; with several, write --model NAME@FILE")
    segmenters = tuple(
        load(choice, data=dataset.name, weights=weights, classes=dataset.class_names)
        for choice in models
    )
    names = [segmenter.name for segmenter in segmenters]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"--model: two are called {twice}; name each once, or rename a file")
    return segmenters


def _window(segmenter: Segmenter, mode: WindowMode | None) -> Window:
    return segmenter.window if mode is None else replace(segmenter.window, mode=mode)
