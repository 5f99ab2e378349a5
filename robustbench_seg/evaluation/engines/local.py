"""The process itself as the engine of a plan: images are made ahead, models label them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from ...inference.devices import torch_threads
from ...inference.outputs import NOT_FINITE
from ...inference.prefetch import prefetch
from ...runs.store import Cell, Failure, Picture
from ...scores.metrics import Matrix, confusion_matrix
from ..examples import is_example, pictures_of
from ..plan import Plan, Result
from ..work import FrameBatch, WorkUnit


@dataclass(frozen=True)
class Local:
    """The process itself, with the models in it."""

    device: str
    threads: int
    cores: int
    """How many cores may make images for a model that is elsewhere."""

    def results(self, plan: Plan, units: Sequence[WorkUnit]) -> Generator[Result]:
        """Yield the results of the units in their order, group by group of conditions."""
        jobs = (job for unit in units for job in plan.images(unit))
        with (
            torch_threads(self.threads),
            closing(prefetch(jobs, self._producers(plan))) as ready,
        ):
            for seen in ready:
                yield _predict(plan, seen)

    def _producers(self, plan: Plan) -> int:
        """How many threads make images; on a CPU, where the model takes all cores, one.

        The reference package draws from global generators, so one thread uses it.
        """
        if self.device == "cpu" or plan.spec.implementation == "imagecorruptions":
            return 1
        return max(1, self.cores)


def _predict(plan: Plan, seen: FrameBatch) -> Result:
    """Return the matrix of each model under each condition, kept pictures, and what failed."""
    spec = plan.spec
    cells: dict[Cell, Matrix] = {}
    pictures: list[Picture] = []
    failures: list[Failure] = []
    for predictor in plan.predictors:
        name = predictor.segmenter.name
        failures += [Failure(seen.cell(name, item), reason) for item, reason in seen.failed]
        for view, conditions, images in seen.by_shape():
            predictions = predictor.finite_labels(images, seen.label.shape, view)
            for condition, image, prediction in zip(conditions, images, predictions, strict=True):
                cell = seen.cell(name, condition)
                if prediction is None:
                    failures.append(Failure(cell, f"{name} {NOT_FINITE}"))
                    continue
                if plan.mapping is not None:
                    prediction = plan.mapping.scored_as[prediction]
                cells[cell] = confusion_matrix(
                    seen.label, prediction, len(spec.classes), spare=plan.mapping is not None
                )
                if is_example(spec, cell):
                    pictures += pictures_of(cell, image, prediction, seen.label, spec.classes)
    return Result(cells, pictures, failures)
