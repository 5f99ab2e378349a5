"""The main path: plan -> missing cells -> predict -> confusion matrix -> store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from corruptions import Implementation

from ..datasets.base import Dataset
from ..datasets.registry import open_dataset
from ..errors import InputError
from ..folders import check_folder
from ..models.base import Segmenter, Window, WindowMode
from ..models.registry import load
from ..progress import Progress, silent
from ..scores.metrics import confusion_matrix
from ..versions import EVALUATING, versions
from .conditions import Condition
from .origin import find_origin
from .pictures import pictured, pictures_of
from .predict import Precision, Predictor, resolve_device
from .provenance import provenance
from .run import Run
from .running import RunningScore
from .spec import FrameSpec, ModelSpec, Spec, batch_size, frames_of
from .store import FILE, Cell, Store

# Not `reports`: a folder of that name would hide the package from an editable install.
RESULTS = Path("results")


@dataclass(frozen=True)
class Plan:
    """All that is needed to run a specification; whatever could fail early has not."""

    spec: Spec
    dataset: Dataset
    predictors: tuple[Predictor, ...]
    conditions: tuple[Condition, ...]
    folder: Path

    def chunks(self) -> Iterator[tuple[Condition, ...]]:
        """Yield the conditions in the groups that are predicted and committed together.

        The groups are fixed by the specification, not by what is missing, so that a resumed run
        computes every number as an uninterrupted one does.
        """
        for start in range(0, len(self.conditions), self.spec.batch):
            yield self.conditions[start : start + self.spec.batch]

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
    out: str | Path | None = None,
    progress: Progress = silent,
) -> Run:
    """Evaluate one or several models under a suite of corruptions and return the stored run.

    A run that was begun with the same arguments is resumed. The suite is `cityscapes-c` and the
    seed 0 unless others are given. The corruptions are ours, or with `implementation="reference"`
    those of the package imagecorruptions; where `conditions` is the folder of a corrupted copy of
    the data, they are read from it, and its suite and seed are the defaults. `out` is the run's
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
    out: str | Path | None,
    progress: Progress,
) -> Plan:
    """Resolve names, load weights and read every frame; see `evaluate` for the arguments."""
    _check_options(models, window, precision)
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
    predictors = tuple(
        Predictor(segmenter, chosen_device, precision, _window(segmenter, window))
        for segmenter in segmenters
    )
    frames = frames_of(dataset, progress)
    if not any(sum(frame.class_pixels) for frame in frames):
        raise InputError(f"--data {dataset.root}: no frame of {split} has any labelled pixel")
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
        batch=batch_size(frames),
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
        for frame, found in zip(plan.dataset.frames, spec.frames, strict=True):
            missing = [chunk for chunk in plan.chunks() if not plan.cells(found, chunk) <= stored]
            if not missing:
                continue
            image, label = frame.image(), frame.label()
            for chunk in missing:
                images = np.stack(
                    [condition.apply(image, found.image_key, spec.seed) for condition in chunk]
                )  # (N, H, W, 3)
                cells: dict[Cell, NDArray[np.int64]] = {}
                pictures = []
                for predictor in plan.predictors:
                    predictions = predictor.labels(images, label.shape)
                    name = predictor.segmenter.name
                    for condition, seen, prediction in zip(chunk, images, predictions, strict=True):
                        cell = Cell(name, condition.name, condition.severity, found.name)
                        cells[cell] = confusion_matrix(label, prediction, len(spec.classes))
                        if pictured(spec, cell):
                            pictures += pictures_of(
                                cell, seen, prediction, label, plan.dataset.classes
                            )
                store.add(cells, pictures)
                score.add(cells)
                progress("evaluating", score.cells, total, score.note())
    return Run.open(plan.folder)


def _check_options(models: Sequence[str], window: str | None, precision: str) -> None:
    if not models:
        raise InputError("--model: name at least one")
    if window not in (None, *get_args(WindowMode)):
        raise InputError(f"--window {window}: use one of {', '.join(get_args(WindowMode))}")
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
