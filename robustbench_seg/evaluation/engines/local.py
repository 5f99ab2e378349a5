"""The engine in this process: images are prefetched, models label them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from ...inference.devices import torch_threads
from ...inference.outputs import NOT_FINITE
from ...inference.predict import Predictor
from ...inference.prefetch import prefetch
from ...protocol.cell import Cell
from ...runs.store import Failure, Picture
from ...scores.counters import Counts
from ...worker_pool import stalls_named
from ..examples import is_example, pictures_of
from ..plan import Plan
from ..work import FrameBatch, Result, WorkUnit


@dataclass(frozen=True)
class Local:
    """Engine in this process, which holds the models."""

    device: str
    threads: int
    cores: int
    """CPU cores that may make images for a model on another device."""

    def results(
        self, plan: Plan, units: Sequence[WorkUnit], more: Callable[[], Sequence[WorkUnit]]
    ) -> Generator[Result]:
        """Yield the results of the units in their order, group by group of conditions."""
        predictors = load_predictors(plan, self.device)
        while units:
            names = [plan.frame_name(unit) for unit in units for _ in unit.groups]
            with stalls_named("this process", names) as report_progress:
                for result in label_units(plan, predictors, units, self.cores):
                    report_progress()
                    yield result
            units = more()


def load_predictors(plan: Plan, device: str) -> tuple[Predictor, ...]:
    """Move the models of a plan to a device."""
    spec = plan.spec
    return tuple(
        Predictor(
            segmenter,
            device,
            spec.precision,
            model.window,
            batch=spec.batch,
            compiled=spec.compiled,
            run=runtime.run,
            temperature=model.temperature,
        )
        for segmenter, model, runtime in zip(
            plan.segmenters, spec.models, plan.runtimes, strict=True
        )
    )


def label_units(
    plan: Plan, predictors: Sequence[Predictor], units: Sequence[WorkUnit], cores: int
) -> Generator[Result]:
    """Yield the results of work units, whose images up to `cores` threads prefetch.

    Where the runtimes have several streams, as many threads label batches at once, and the caller
    stores results meanwhile.
    """
    spec = plan.spec
    streams = min(runtime.streams for runtime in plan.runtimes)
    # On a CPU the model takes all cores.
    threads = max(1, streams // 2 if spec.device == "cpu" else cores)
    if spec.implementation == "imagecorruptions":
        threads = 1  # it draws from global generators
    jobs = (job for unit in units for job in plan.batches(unit))
    with (
        torch_threads(max(1, spec.threads // streams)),
        closing(prefetch(jobs, threads)) as batches,
    ):
        if streams == 1:  # in this thread, where Ctrl-C stops it at once
            for batch in batches:
                yield _label(plan, predictors, batch)
            return
        labelling = (partial(_label, plan, predictors, batch) for batch in batches)
        with closing(prefetch(labelling, streams)) as results:
            yield from results


def _label(plan: Plan, predictors: Sequence[Predictor], batch: FrameBatch) -> Result:
    """Return the counts of each model under each condition, kept pictures, and failures."""
    spec = plan.spec
    cells: dict[Cell, tuple[Counts, ...]] = {}
    pictures: list[Picture] = []
    failures: list[Failure] = []
    needs_probabilities = any(measure.needs_probabilities for measure in spec.counted_beside)
    for predictor in predictors:
        name = predictor.segmenter.name
        failures += [Failure(batch.cell(name, draw), reason) for draw, reason in batch.failed]
        for view, draws, images in batch.by_shape():
            predictions = predictor.predict(
                images, batch.label, view, probabilities=needs_probabilities
            )
            for draw, image, prediction in zip(draws, images, predictions, strict=True):
                cell = batch.cell(name, draw)
                if prediction is None:
                    failures.append(Failure(cell, f"{name} {NOT_FINITE}"))
                    continue
                if plan.mapping is not None:
                    labels = plan.mapping.prediction_lookup[prediction.labels]
                    prediction = prediction._replace(labels=labels)
                cells[cell] = tuple(
                    counter.count(batch.label, prediction, len(spec.classes), spec.columns)
                    for counter in spec.counters
                )
                if is_example(spec, cell):
                    pictures += pictures_of(cell, image, prediction, batch.label, spec.classes)
    return Result(cells, pictures, failures)
