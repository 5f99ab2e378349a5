"""The main path: plan -> missing cells -> predict -> count -> store."""

from __future__ import annotations

import logging
from contextlib import closing

from ..errors import InputError
from ..inference.provenance import provenance
from ..progress import Progress, silent
from ..protocol.request import Request
from ..runs.live_score import LiveScore
from ..runs.store import Store
from .engines import Engine, find_engine
from .plan import Plan, make_plan
from .schedule import Schedule, check_sampling

_log = logging.getLogger(__name__)


def prepare(request: Request, progress: Progress = silent) -> tuple[Plan, Engine]:
    """Validate a request; return what to run and what runs it. InputError for any fault in it."""
    engine = find_engine(request)
    plan = make_plan(request, engine.device, engine.threads, progress)
    check_sampling(request, plan.spec)
    return plan, engine


def execute(plan: Plan, engine: Engine, progress: Progress = silent) -> None:
    """Compute the cells that are missing from the plan's folder."""
    spec, saving = plan.spec, plan.saving
    with Store.create_or_resume(plan.folder, spec) as store:
        score = LiveScore(spec, store.matrices(), plan.labels)
        stored = store.stored()
        schedule = Schedule(plan, store)
        if units := schedule.next():
            store.add_session(provenance(spec.device) | plan.facts)
            if saving is not None:
                saving.begin(plan.folder)
            if score.cells:
                _log.info("going on at %d of %d", score.cells, schedule.total)
        with closing(engine.results(plan, units, schedule.next)) as results:
            for cells, pictures, failures, files in results:
                failed = [failure for failure in failures if failure.cell not in stored]
                if saving is not None:  # first: what is counted is saved
                    saving.write(plan.folder, files)
                # Stored cells are replaced: without a failed one beside them, they went through
                # the model in a smaller batch, which may round differently.
                store.add(cells, pictures, failed)
                if failed and plan.request.strict:
                    raise InputError(f"--strict: stopped, as a prediction failed: {failed[0]}")
                new = {cell: matrix for cell, (matrix, *_) in cells.items() if cell not in stored}
                score.add(new, failed)
                schedule.done |= {*cells, *(failure.cell for failure in failed)}
                note = schedule.estimate or score.note()
                progress("evaluating", score.cells, schedule.total, note)
