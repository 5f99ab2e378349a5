"""Which work of a run comes next: all that is missing, or as much as a sample needs.

Pandas, which alone takes half a second to import, is loaded for samples only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isnan
from typing import TYPE_CHECKING

from ..errors import InputError
from ..protocol.request import Request
from ..protocol.sampling import Step, cell_order, step_cells
from ..protocol.spec import Spec
from ..protocol.target import SUITE_SCORE, read_target
from ..runs.store import Store
from .plan import Plan
from .work import WorkUnit

if TYPE_CHECKING:
    from ..runs.run import StoredRun
    from ..scores.stopping import Decision

_FIRST, _GROWTH = 0.02, 1.15
"""Share of the corrupted cells at the first look at a sample, and its growth up to the next."""


class Schedule:
    """The work of a run, in stages where it is sampled.

    After each stage the scores are estimated from the cells that come first in the order of the
    sampling design, so that workers and interruptions have no influence on where a run stops.
    """

    def __init__(self, plan: Plan, store: Store):
        """Begin with what is stored, without cells whose predictions are still to be saved."""
        self.done = store.stored()
        """Cells that are stored, or have failed in this session."""
        if plan.saving is not None:
            self.done -= plan.saving.unsaved(plan.folder, self.done)
        self.total = 0
        """Number of the cells that are done at the end of the stage."""
        self.estimate = ""
        """Scores so far with their errors, and what a target still needs; "" where not sampled."""
        self._plan, self._store = plan, store
        self._stages = self._sampled() if plan.request.is_sampled else self._whole()

    def next(self) -> list[WorkUnit]:
        """Return the units of the next stage; none if the run is done, or its target reached."""
        return next(filter(None, self._stages), [])

    def _whole(self) -> Iterator[list[WorkUnit]]:
        yield self._units(self._plan.steps)

    def _sampled(self) -> Iterator[list[WorkUnit]]:
        order, most = cell_order(self._plan.spec), self._plan.request.sample or 1.0
        yield self._units(order.clean)
        share = max(order.smallest_share, _FIRST)
        while True:
            yield self._units(order.first(min(share, most)))
            if self._look(min(share, most)) or share >= most:
                return
            share *= _GROWTH

    def _units(self, steps: Iterable[Step]) -> list[WorkUnit]:
        own = [step for step in steps if step.frame in self._plan.frames]
        cells = {cell for step in own for cell in step_cells(self._plan.spec, step)}
        self.total = len(self.done | cells)
        return self._plan.missing(own, self.done)

    def _look(self, share: float) -> bool:
        """Estimate the scores from a share of the cells; return whether the target is reached."""
        from ..runs.run import StoredRun
        from ..scores.stopping import half_width, needed_share

        run = StoredRun.of(self._store, share)
        if run.sample is None:
            return run.complete
        until = self._plan.request.until
        target = None if until is None else read_target(until)
        if until is not None and target is None:
            return self._look_at_differences(run)
        score = target.score if target else SUITE_SCORE
        derive = run.spec.suite.scores
        found, needed = [], share
        for model, sampled in run.sampled.items():
            values = derive(sampled.over_sample.values)
            if score not in values:
                return False
            error = half_width(sampled, derive, score)
            name = f"{model} " if len(run.sampled) > 1 else ""
            found.append(f"{name}{100 * values[score].iloc[0]:.1f} \u00b1 {100 * error:.2f}")
            if target:
                more = needed_share(error, share, target.half_width)
                needed = 1.0 if isnan(more) else max(needed, more)  # a score without a value
        self.estimate = f"{score} {', '.join(found)}"
        if target and needed > share:
            self.estimate += f"; about {100 * needed:.0f} % needed"
        return target is not None and needed <= share

    def _look_at_differences(self, run: StoredRun) -> bool:
        from ..scores.stopping import decision

        (first, ours), *others = run.sampled.items()
        found = {model: decision(ours, theirs, run.spec.suite.scores) for model, theirs in others}
        self.estimate = ", ".join(
            f"{model} against {first} {_difference(each)}" for model, each in found.items()
        )
        return all(each.decided for each in found.values())


def _difference(found: Decision) -> str:
    ends = f"{100 * found.low:+.2f} to {100 * found.high:+.2f}"
    return f"{100 * found.difference:+.2f} ({ends})"


def check_sampling(request: Request, spec: Spec) -> None:
    """Raise InputError for a sample that cannot be taken, and a target that is no score."""
    if not request.is_sampled:
        return
    order = cell_order(spec)
    option = "--until" if request.sample is None else f"--sample {100 * request.sample:g}%"
    if request.sample is not None and request.sample < order.smallest_share:
        raise InputError(
            f"{option}: too few of {order.frames} frames for an estimate; use "
            f"{100 * order.smallest_share:.3g}% or more, or more frames"
        )
    if request.until is None:
        return
    import pandas as pd

    columns = pd.MultiIndex.from_tuples(
        [condition.key for condition in spec.conditions], names=["condition", "severity"]
    )
    scores = [*spec.suite.scores(pd.DataFrame([[0.5] * len(columns)], columns=columns))]
    target = read_target(request.until)
    wanted = target.score if target else SUITE_SCORE
    if wanted not in scores:
        raise InputError(
            f"--until {request.until}: {spec.suite.name} has no {wanted}; write one of its scores "
            f"and the points: {scores[0]}:0.5"
        )
