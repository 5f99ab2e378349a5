"""The engine in this process: images are prefetched, models label them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from ...inference.devices import torch_threads
from ...prefetch import prefetch
from ...runs.failure import Failure
from ...worker_pool import stalls_named
from ..examples import is_example, pictures_of
from ..plan import Plan
from ..predictors import BatchPredictor, load_predictors
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


def label_units(
    plan: Plan, predictors: Sequence[BatchPredictor], units: Sequence[WorkUnit], cores: int
) -> Generator[Result]:
    """Yield the results of work units, whose images up to `cores` threads prefetch.

    Where the runtimes may have several callers, as many threads label batches at once, and this one
    stores results meanwhile.
    """
    spec = plan.spec
    callers = min(runtime.callers for runtime in plan.runtimes)
    streams = max(1, callers - 1)
    # On a CPU the model takes all cores.
    threads = max(1, streams // 2 if spec.device == "cpu" else cores)
    if spec.implementation == "imagecorruptions":
        threads = 1  # it draws from global generators
    jobs = (job for unit in units for job in plan.batches(unit))
    with (
        torch_threads(max(1, spec.threads // streams)),
        closing(prefetch(jobs, threads)) as batches,
    ):
        if callers == 1:  # in this thread, where Ctrl-C stops it at once
            for batch in batches:
                yield _label(plan, predictors, batch)
            return
        labelling = (partial(_label, plan, predictors, batch) for batch in batches)
        with closing(prefetch(labelling, callers)) as results:
            yield from results


def _label(plan: Plan, predictors: Sequence[BatchPredictor], batch: FrameBatch) -> Result:
    """Return the counts of each model under each condition, and what is kept of predictions."""
    spec, saving = plan.spec, plan.saving
    result = Result.empty()
    counted = any(measure.needs_probabilities for measure in spec.counted_beside)
    probabilities = counted or (saving is not None and saving.needs_probabilities)
    for predictor in predictors:
        for draw, reason in batch.failed:
            result.failures.append(Failure(batch.cell(predictor.name, draw), reason))
        predicted = predictor.predict(batch, probabilities=probabilities)
        for draw, prediction, reason, attacked in predicted:
            cell = batch.cell(predictor.name, draw)
            if prediction is None:
                result.failures.append(Failure(cell, reason))
                continue
            image = batch.images.get(draw) if attacked is None else attacked
            if saving is not None:
                result.files.extend(saving.encode(cell, prediction, image))
            if not counted:
                prediction = prediction._replace(probabilities=None)
            if plan.mapping is not None:
                labels = plan.mapping.prediction_lookup[prediction.labels]
                prediction = prediction._replace(labels=labels)
            result.cells[cell] = tuple(
                counter.count(batch.truth(counter), prediction, len(spec.classes), spec.columns)
                for counter in spec.counters
            )
            if is_example(spec, cell):
                result.pictures.extend(pictures_of(spec, cell, image, prediction, batch.label))
    return result
