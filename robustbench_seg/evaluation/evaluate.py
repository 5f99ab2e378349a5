"""The main path: plan -> missing cells -> predict -> confusion matrix -> store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from ..errors import InputError
from ..inference.provenance import provenance
from ..progress import Progress, silent
from ..protocol.request import Request
from ..runs.live_score import LiveScore
from ..runs.run import Run
from ..runs.store import Store
from .engines.choice import find_engine
from .plan import Plan, make_plan


def evaluate(
    model: str | Sequence[str] = "b0", *, progress: Progress = silent, **options: Any
) -> Run:
    """Evaluate one or several models under a suite of conditions and return the stored run.

    The options are the fields of `Request`: `suite`, `data`, `weights`, `limit`, `out` and others.
    A run that was begun with the same ones is resumed. Raises InputError, before any long work, for
    whatever is wrong with the options, the data or the weights.
    """
    models = (model,) if isinstance(model, str) else tuple(model)
    return execute(prepare(Request(models=models, **options), progress), progress)


def prepare(request: Request, progress: Progress = silent) -> Plan:
    """Find out all that is needed to run a request; InputError for whatever is wrong with it."""
    return make_plan(request, find_engine(request), progress)


def execute(plan: Plan, progress: Progress = silent) -> Run:
    """Compute the cells that are missing from the plan's folder and return the run.

    Frames are in the outer loop: each is decoded once, and corrupted once for all models, and a
    part of a run covers all conditions of some frames.
    """
    spec = plan.spec
    with Store.create_or_resume(plan.folder, spec.to_dict()) as store:
        score = LiveScore(spec, store.matrices())
        stored = store.stored()
        total = len(stored | plan.wanted)
        if units := plan.missing(stored):
            store.add_session(provenance(spec.device) | plan.division)
        with closing(plan.engine.results(plan, units)) as results:
            for cells, pictures, failures in results:
                failed = [failure for failure in failures if failure.cell not in stored]
                # Those that are stored are replaced: without a failed one beside them, they went
                # through the model in a smaller batch, which may round in another way.
                store.add(cells, pictures, failed)
                if failed and plan.request.strict:
                    raise InputError(f"--strict: stopped, as a prediction failed: {failed[0]}")
                new = {cell: matrix for cell, matrix in cells.items() if cell not in stored}
                score.add(new, failed)
                progress("evaluating", score.cells, total, score.note())
    return Run.open(plan.folder)
