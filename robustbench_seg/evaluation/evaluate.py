"""The main path: plan -> missing cells -> predict -> confusion matrix -> store."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing
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
from ..progress import Progress, silent
from ..scores.metrics import Matrix, confusion_matrix
from ..versions import EVALUATING, versions
from .ahead import done_ahead, once
from .conditions import Condition
from .origin import find_origin
from .pictures import pictured, pictures_of
from .predict import Precision, Predictor, resolve_device
from .provenance import provenance
from .run import Run
from .running import RunningScore
from .spec import FrameSpec, ModelSpec, Spec, batch_size, frames_of
from .store import FILE, Cell, Picture, Store

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


def evaluate(
    model: str | Sequence[str] = "b0",
    *,
    suite: str | None = None,
    data: str | None = None,
    split: str = "val",
    weights: str | Path | None = None,
    limit: int | None = None,
    corruptions: Sequence[str] | None = None,
    severities: Sequence[int] | None = None,
    window: WindowMode | None = None,
    seed: int | None = None,
    implementation: Implementation = "ours",
    conditions: str | Path | None = None,
    device: str | None = None,
    precision: Precision = "float32",
    batch: int | None = None,
    compiled: bool = False,
    out: str | Path | None = None,
    progress: Progress = silent,
) -> Run:
    """Evaluate one or several models under a suite of corruptions and return the stored run.

    A run that was begun with the same arguments is resumed. The suite is `cityscapes-c` and the
    seed 0 unless others are given. The corruptions are ours, or with `implementation="reference"`
    those of the package imagecorruptions; where `conditions` is the folder of a corrupted copy of
    the data, they are read from it, and its suite and seed are the defaults. `batch` inputs (images
    or windows) go through a model at once; `compiled` has torch compile it. `out` is the run's
    folder; without it, one in `results/` that is named after what is run. Raises InputError, before
    any long work, for whatever is wrong with the arguments, the data or the weights.
    """
    models = [model] if isinstance(model, str) else list(model)
    return execute(
        make_plan(
            models,
            suite=suite,
            data=data,
            split=split,
            weights=None if weights is None else str(weights),
            limit=limit,
            corruptions=corruptions,
            severities=severities,
            window=window,
            seed=seed,
            implementation=implementation,
            conditions=conditions,
            device=device,
            precision=precision,
            batch=batch,
            compiled=compiled,
            out=out,
            progress=progress,
        ),
        progress,
    )


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


def execute(plan: Plan, progress: Progress = silent) -> Run:
    """Compute the cells that are missing from the plan's folder and return the run.

    Frames are in the outer loop: each is decoded once, and corrupted once for all models, and a
    part of a run covers all conditions of some frames.
    """
    spec = plan.spec
    with Store.create_or_resume(plan.folder, spec.to_dict()) as store:
        score = RunningScore(spec, store.matrices())
        stored = store.stored()
        total = len(spec.frames) * len(plan.cells(spec.frames[0], plan.conditions))
        if len(stored) < total:
            store.add_session(provenance(spec.device))
        with closing(done_ahead(plan.missing(stored), plan.producers)) as ready:
            for seen in ready:
                cells, pictures = _predict(plan, seen)
                store.add(cells, pictures)
                score.add(cells)
                progress("evaluating", score.cells, total, score.note())
    return Run.open(plan.folder)


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


def _predict(plan: Plan, seen: Seen) -> tuple[dict[Cell, Matrix], list[Picture]]:
    """Return the matrix of each model under each condition, and the pictures that are kept."""
    spec = plan.spec
    cells: dict[Cell, Matrix] = {}
    pictures: list[Picture] = []
    for predictor in plan.predictors:
        name = predictor.segmenter.name
        predictions = predictor.labels(seen.images, seen.label.shape)
        for condition, image, prediction in zip(
            seen.conditions, seen.images, predictions, strict=True
        ):
            cell = Cell(name, condition.name, condition.severity, seen.frame)
            cells[cell] = confusion_matrix(seen.label, prediction, len(spec.classes))
            if pictured(spec, cell):
                pictures += pictures_of(cell, image, prediction, seen.label, spec.classes)
    return cells, pictures


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
