"""Predict random cells of a stored run again, and compare their counts with the stored ones."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from random import Random
from typing import Any

import numpy as np

from ..diagnosis.self_test import check_corruptions
from ..evaluation.engines import Engine
from ..evaluation.evaluate import prepare
from ..evaluation.plan import Plan
from ..inference.devices import default_threads
from ..inference.provenance import provenance
from ..models.base import AUTO, TORCH
from ..models.named_weights import NAMED_WEIGHTS, Embedded
from ..progress import Progress
from ..protocol.cell import Cell
from ..protocol.request import Request
from ..protocol.sampling import step_cells
from ..protocol.spec import Spec
from ..protocol.suites import SUITES, CorruptionSuite
from ..runs.differences import differences
from ..runs.run import StoredRun
from ..runs.store import Store
from ..scores.counters import Counts
from .finding import Finding

TOLERANCE = 0.001
"""Largest share of a cell's pixels whose labels may differ on another machine or version.

OpenVINO and torch differ in a few pixels of a million, other processors in as few.
"""
_EMBEDDED_DATA = "streets"


def rerun(
    run: StoredRun, cells: int, seed: int | None, given: Mapping[str, Any], progress: Progress
) -> Iterator[Finding]:
    """Yield the findings of predicting a number of random cells again.

    Without a seed, the system's randomness chooses them, so that no one knows them beforehand.
    Raises InputError where the model or the data that are at hand cannot be used.
    """
    if not cells:
        yield Finding("cells", "not checked", "none is predicted again: --cells 0")
        return
    if own := [each.name for each in run.spec.suite.own]:
        yield Finding("cells", "not checked", f"{', '.join(own)}: a run has no code of corruptions")
        return
    if not (given or _embedded(run.spec)):
        what = "models or data are not in this package; name them: --model, --data"
        yield Finding("cells", "not checked", what)
        return
    if _suite_name(run.spec) not in SUITES and not run.spec.taken:
        yield Finding("cells", "not checked", f"{run.spec.suite.name} is not in this package")
        return
    pixels = check_corruptions()
    if pixels.status != "ok":
        yield Finding("pixels", "not checked", f"this installation has {pixels.found}")
        return
    yield Finding("pixels", "verified", f"the corruptions of this installation: {pixels.found}")
    plan, engine = prepare(_request(run.spec, given), progress)
    data = _data(run.spec, plan.spec)
    yield data
    if data.status == "verified":
        yield _compare(run, plan, engine, _chosen(run.spec, cells, seed), progress)


def _embedded(spec: Spec) -> bool:
    """Whether the package holds the weights of all models, and the data."""
    pairs = (tuple(model.name.split("@", 1)) for model in spec.models)
    found = (NAMED_WEIGHTS.get((pair[0], pair[-1])) for pair in pairs)
    return spec.dataset == _EMBEDDED_DATA and all(isinstance(each, Embedded) for each in found)


def _suite_name(spec: Spec) -> str:
    """Return the name of the suite that a run has all or a part of."""
    return spec.suite.name.removesuffix("-part")


def _request(spec: Spec, given: Mapping[str, Any]) -> Request:
    """Return the request that a specification answers, with the model and data that are given."""
    one, suite = spec.models[0], spec.suite
    base = _suite_name(spec)
    modes = {model.window.mode for model in spec.models}
    chosen: dict[str, Any] = {
        "models": tuple(model.name for model in spec.models),
        "data": _EMBEDDED_DATA,
        "split": spec.split,
        "limit": len(spec.frames),
        "suite": base if base in SUITES else None,
        "seed": spec.seed,
        "draws": spec.draws,
        "region": str(spec.region) if spec.region else None,
        "measure": ["miou", *spec.measures],
        "implementation": spec.implementation,
        "device": "cpu" if spec.device == "cpu" else None,
        "precision": spec.precision,
        "batch": spec.batch,
        "compiled": spec.compiled,
        "threads": min(spec.threads, default_threads()),
        "input_scale": spec.input_scale,
        "runtime": TORCH if all(model.runtime == TORCH for model in spec.models) else AUTO,
        "temperature": one.temperature if one.temperature != 1 else None,
    }
    if base != suite.name and isinstance(suite, CorruptionSuite):
        chosen |= {"corruptions": suite.corruptions, "severities": suite.severities}
    if len(modes) == 1 and not any(condition.window for condition in suite.conditions):
        chosen["window"] = one.window.mode
    return Request(**{**chosen, **given})


def _data(stored: Spec, here: Spec) -> Finding:
    """Compare the specification of a run with that of the same command here.

    Versions, device, threads and runtimes may differ; they are named where counts differ.
    """
    frames = {frame.name: frame for frame in here.frames}
    other = [frame.name for frame in stored.frames if frames.get(frame.name) != frame]
    if other or len(frames) != len(stored.frames):
        names = ", ".join(other[:3]) + (", ..." if len(other) > 3 else "")
        what = f"{len(other)} of {len(stored.frames)} frames have other images or labels here"
        return Finding("data", "wrong", f"{what}{': ' if names else ''}{names}")
    if found := differences(stored.to_dict(), _elsewhere(here, stored).to_dict()):
        what = f"models or settings differ from those here in {found}"
        return Finding("data", "wrong", what)
    what = f"images, labels, weights and settings are those of all {len(frames)} frames here"
    return Finding("data", "verified", what)


def _chosen(spec: Spec, number: int, seed: int | None) -> list[Cell]:
    """Return random cells of a run."""
    random = Random(secrets.randbits(64) if seed is None else seed)
    every = sorted(chain.from_iterable(spec.cells(frame) for frame in spec.frames))
    return sorted(random.sample(every, min(number, len(every))))


def _elsewhere(spec: Spec, stored: Spec) -> Spec:
    """Return a specification with the versions, device, threads and runtimes of another."""
    models = tuple(
        replace(model, runtime=other.runtime)
        for model, other in zip(spec.models, stored.models, strict=False)
    )
    return replace(
        spec, models=models, versions=stored.versions, device=stored.device, threads=stored.threads
    )


def _compare(
    run: StoredRun, plan: Plan, engine: Engine, chosen: Sequence[Cell], progress: Progress
) -> Finding:
    """Predict cells, with those that share their batches, and compare all their counts."""
    made = _predict(plan, engine, chosen, progress)
    if failed := [cell for cell in chosen if cell not in made]:
        return Finding("cells", "wrong", f"{failed[0]}: cannot be predicted here")
    stored = _stored(run, made)
    shares = {
        cell: float(np.abs(stored[cell][0] - counts[0]).sum() / 2 / max(1, counts[0].sum()))
        for cell, counts in made.items()
        if not all(map(np.array_equal, stored[cell], counts))
    }
    names = "; ".join(map(str, chosen[:3])) + ("; ..." if len(chosen) > 3 else "")
    what = f"{len(made)} predicted again, with the batches of {names}"
    if not shares:
        return Finding("cells", "verified", f"{what}: all counts are equal")
    worst = max(shares, key=shares.__getitem__)
    where = f"{worst}: the labels of at least {100 * shares[worst]:.3f} % of the pixels differ"
    other = _surroundings(run, plan)
    if not other:
        same = "versions, device and processor are those of the run, so that none may"
        return Finding("cells", "wrong", f"{where}; {same}")
    allowed = f"up to {100 * TOLERANCE:g} % may, as this machine has another {other}"
    if shares[worst] > TOLERANCE:
        return Finding("cells", "wrong", f"{where}; {allowed}")
    return Finding("cells", "verified", f"{what}: {where}; {allowed}")


def _predict(
    plan: Plan, engine: Engine, chosen: Sequence[Cell], progress: Progress
) -> dict[Cell, tuple[Counts, ...]]:
    """Return the counts of cells, and of those that go through the models with them."""
    steps = [step for step in plan.steps if not step_cells(plan.spec, step).isdisjoint(chosen)]
    units = plan.missing(steps, ())
    made: dict[Cell, tuple[Counts, ...]] = {}
    with closing(engine.results(plan, units, lambda: [])) as results:
        for done, result in enumerate(results, start=1):
            made |= result.cells
            progress("predicting again", done, len(steps), "")
    return made


def _stored(run: StoredRun, cells: Collection[Cell]) -> dict[Cell, tuple[Counts, ...]]:
    """Return the stored counts of some cells."""
    found: dict[Cell, tuple[Counts, ...]] = {}
    with Store.open(run.folder) as store:
        for key in sorted({(cell.model, cell.condition, cell.severity) for cell in cells}):
            for there, stacks in store.stacks(key):
                counts = zip(there, zip(*stacks, strict=True), strict=True)
                found |= {cell: own for cell, own in counts if cell in cells}
    return found


def _surroundings(run: StoredRun, plan: Plan) -> str:
    """Return what this machine has that the run was not made with, on which rounding depends."""
    stored, here = run.spec, plan.spec
    machine = provenance(here.device)["machine"]
    then = [session.get("machine", {}) for session in run.sessions]
    differs = {
        "version of packages": stored.versions != here.versions,
        "device": stored.device != here.device,
        "number of threads": stored.threads != here.threads,
        "runtime": stored.models != here.models,
        "processor": any(each.get("processor") != machine["processor"] for each in then),
    }
    return ", ".join(name for name, other in differs.items() if other)
