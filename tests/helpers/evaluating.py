"""Evaluations in two steps, for tests that change something in between."""

from __future__ import annotations

from robustbench_seg.evaluation.engines import Engine
from robustbench_seg.evaluation.evaluate import execute
from robustbench_seg.evaluation.plan import Plan
from robustbench_seg.progress import Progress, silent
from robustbench_seg.reporting.run import Run

Prepared = tuple[Plan, Engine]


def finish(prepared: Prepared, progress: Progress = silent) -> Run:
    """Execute what `prepare` gave and return the run."""
    plan, engine = prepared
    execute(plan, engine, progress)
    return Run.open(plan.folder)
