"""The part of an unfinished run that is a balanced sample of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container
from itertools import takewhile
from typing import NamedTuple

from ..protocol.cell import Cell
from ..protocol.sampling import MIN_FRAMES, Step, cell_order, step_cells
from ..protocol.spec import Spec


class Sample(NamedTuple):
    """Cells that come first in the order of the sampling design."""

    frames: tuple[str, ...]
    """Names of the frames that the estimates are for; their clean cells are all there."""
    cells: frozenset[Cell]
    share: float
    """Share of the corrupted cells of these frames, 0 to 1."""


def find_sample(
    spec: Spec, stored: Container[Cell], failed: Collection[str], most: float | None = None
) -> Sample | None:
    """Return the sample that the stored cells hold, or the one up to a share of `most`, 0 to 1.

    `failed` are the names of frames that are left out. None where the run is finished, and where
    the cells are no sample: they are too few, or were computed frame by frame.
    """
    if spec.taken:
        return None
    order = cell_order(spec)

    def is_done(step: Step) -> bool:
        return all(cell in stored for cell in step_cells(spec, step))

    clean = Counter(step.frame for step in order.clean if is_done(step))
    needed = len(order.clean) // len(spec.frames)
    frames = {
        number
        for number, frame in enumerate(spec.frames)
        if clean[number] == needed and frame.name not in failed
    }
    every = [step for step in order.corrupted if step.frame in frames]
    own = [step for step in order.corrupted[: order.count(most or 1.0)] if step.frame in frames]
    steps = [*takewhile(is_done, own)]
    seen = Counter(step.group for step in steps)
    groups = len({step.group for step in every})
    if len(steps) == len(every) or len(seen) < groups or min(seen.values()) < MIN_FRAMES:
        return None
    left = {step.frame for step in every if most is None and not is_done(step)}
    if most is None and (len(frames) - len(left)) * groups > len(steps):
        return None  # finished frames have more cells than the sample
    cells = (step_cells(spec, step) for step in (*order.clean, *steps) if step.frame in frames)
    return Sample(
        tuple(spec.frames[number].name for number in sorted(frames)),
        frozenset[Cell]().union(*cells),
        len(steps) / len(every),
    )
