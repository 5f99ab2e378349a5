"""What does the units of a plan: this process, or workers that it sends them to."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch

from ..scores.metrics import Matrix, confusion_matrix
from .ahead import done_ahead
from .pictures import pictured, pictures_of
from .predict import NOT_FINITE, resolve_device
from .request import Request
from .store import Cell, Failure, Picture
from .units import Seen, Unit

if TYPE_CHECKING:
    from .plan import Plan


class Result(NamedTuple):
    """What is committed at once: cells of one frame, the pictures of it that are kept, failures."""

    cells: dict[Cell, Matrix]
    pictures: list[Picture]
    failures: list[Failure]


class Engine(Protocol):
    """Where a plan is run. Device and threads are part of what its numbers depend on."""

    @property
    def device(self) -> str:
        """The device of the models."""
        ...

    @property
    def threads(self) -> int:
        """How many threads of a processor a model takes."""
        ...

    def results(self, plan: Plan, units: Sequence[Unit]) -> Generator[Result]:
        """Do the units, in any order, and yield what they give as it comes."""
        ...


def find_engine(request: Request) -> Engine:
    """Return the engine that a request asks for; InputError where it cannot be had."""
    if request.engine == "ray":
        from .cluster import Cluster

        return Cluster.find(request)
    if request.devices:
        from .processes import Processes

        return Processes.find(request)
    return Local(
        resolve_device(request.device),
        request.threads or torch.get_num_threads(),
        os.cpu_count() or 1,
    )


@dataclass(frozen=True)
class Local:
    """The process itself, with the models in it."""

    device: str
    threads: int
    cores: int
    """How many cores may make images for a model that is elsewhere."""

    def results(self, plan: Plan, units: Sequence[Unit]) -> Generator[Result]:
        """Yield the results of the units in their order, group by group of conditions."""
        jobs = (job for unit in units for job in plan.images(unit))
        with (
            torch_threads(self.threads),
            closing(done_ahead(jobs, self._producers(plan))) as ready,
        ):
            for seen in ready:
                yield _predict(plan, seen)

    def _producers(self, plan: Plan) -> int:
        """How many threads make images; on a CPU, where the model takes all cores, one.

        The reference package draws from global generators, so one thread uses it.
        """
        if self.device == "cpu" or plan.spec.implementation == "reference":
            return 1
        return max(1, self.cores)


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Have torch use so many threads in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _predict(plan: Plan, seen: Seen) -> Result:
    """Return the matrix of each model under each condition, kept pictures, and what failed."""
    spec = plan.spec
    cells: dict[Cell, Matrix] = {}
    pictures: list[Picture] = []
    failures: list[Failure] = []
    for predictor in plan.predictors:
        name = predictor.segmenter.name
        failures += [Failure(seen.cell(name, item), reason) for item, reason in seen.failed]
        for view, conditions, images in seen.alike():
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
                if pictured(spec, cell):
                    pictures += pictures_of(cell, image, prediction, seen.label, spec.classes)
    return Result(cells, pictures, failures)
