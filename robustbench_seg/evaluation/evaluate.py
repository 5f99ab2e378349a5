"""The main path: plan -> missing cells -> predict -> confusion matrix -> store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from corruptions import Implementation

from ..models.base import WindowMode
from ..progress import Progress, silent
from ..scores.metrics import Matrix, confusion_matrix
from .ahead import done_ahead
from .pictures import pictured, pictures_of
from .plan import Plan, Seen, make_plan
from .predict import Precision
from .provenance import provenance
from .run import Run
from .running import RunningScore
from .store import Cell, Picture, Store


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
