"""The library's front door: what users call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .evaluation.evaluate import execute, prepare
from .progress import Progress, silent
from .protocol.request import Request
from .reporting.run import Run
from .runs import merging


def evaluate(
    model: str | Sequence[str] = "b0", *, progress: Progress = silent, **options: Any
) -> Run:
    """Evaluate one or several models under a suite of conditions and return the stored run."""
    models = (model,) if isinstance(model, str) else tuple(model)
    plan, engine = prepare(Request(models=models, **options), progress)
    execute(plan, engine, progress)
    return Run.open(plan.folder)


def merge(
    folders: Sequence[str | Path], out: str | Path | None = None, progress: Progress = silent
) -> Run:
    """Join parts of one run, in folders of their own, into a run in `out` and return it."""
    return Run.open(merging.merge(folders, out, progress))
