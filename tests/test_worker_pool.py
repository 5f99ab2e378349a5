"""Workers that die, refuse or never come: no unit is lost, none is done for ever."""

from __future__ import annotations

import random
import threading
from collections import Counter

import numpy as np
import pytest

from robustbench_seg import worker_pool
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.work import Result, WorkUnit
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.worker_pool import ATTEMPTS, LostError, run_on_workers

UNITS = [WorkUnit(frame, (0,)) for frame in range(40)]


class Scripted:
    """A worker in this process that dies, refuses or is late as it is told."""

    def __init__(
        self, dies_over: Counter[WorkUnit] | None = None, *, begins: int = 0, late: int = 0
    ):
        self.dies_over = Counter[WorkUnit]() if dies_over is None else dies_over
        self.deaths_at_begin = begins
        self.late = threading.Event() if late else None
        self.starts = self.at_once = self.most_at_once = 0
        self.stopped = False

    def start(self) -> None:
        """Count it."""
        self.starts += 1

    def begin(self) -> None:
        """Die or be late as told."""
        if self.late is not None:
            self.late.wait()
            raise LostError("was late")
        if self.starts <= self.deaths_at_begin:
            raise LostError("died as it began")

    def do(self, unit: WorkUnit) -> Result:
        """Give a cell, or die as told."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.dies_over[unit] > 0:
                self.dies_over[unit] -= 1
                raise LostError("died")
            if unit.frame < 0:
                raise InputError(f"frame {unit.frame} is bad")
            return Result({Cell("m", "fog", 1, str(unit.frame)): np.eye(2, dtype=int)}, [], [])
        finally:
            self.at_once -= 1

    def stop(self) -> None:
        """Note it."""
        self.stopped = True
        if self.late is not None:
            self.late.set()


def frames(workers: list[Scripted], units: list[WorkUnit]) -> list[int]:
    return sorted(
        int(cell.frame) for result in run_on_workers(workers, units) for cell in result.cells
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_unit_is_done_once_though_workers_die(seed: int) -> None:
    chance = random.Random(seed)
    deaths = Counter({unit: chance.randrange(ATTEMPTS) for unit in UNITS})
    total = deaths.total()
    workers = [Scripted(deaths, begins=chance.randrange(ATTEMPTS)) for _ in range(3)]
    begins = sum(worker.deaths_at_begin for worker in workers)
    assert frames(workers, UNITS) == list(range(40))
    assert sum(worker.starts for worker in workers) == 3 + total + begins
    assert {worker.most_at_once for worker in workers} <= {0, 1}
    assert all(worker.stopped for worker in workers)


def test_a_frame_that_kills_every_worker_is_given_up() -> None:
    workers = [Scripted(Counter({UNITS[7]: ATTEMPTS})) for _ in range(2)]
    with pytest.raises(InputError, match=r"died over frame 7, .* run the same command again"):
        frames(workers, UNITS)
    with pytest.raises(InputError, match="died while starting"):
        frames([Scripted(begins=ATTEMPTS)], UNITS)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "PATIENCE", 0.2)
    with pytest.raises(InputError, match="no worker started"):
        frames([Scripted(late=True), Scripted(late=True)], UNITS)
    # One that comes is enough.
    assert frames([Scripted(late=True), Scripted()], UNITS) == list(range(40))


def test_what_a_worker_refuses_ends_the_run() -> None:
    workers = [Scripted(), Scripted()]
    with pytest.raises(InputError, match="frame -1 is bad"):
        frames(workers, [*UNITS, WorkUnit(-1, (0,))])
    assert all(worker.stopped for worker in workers)


def test_no_units_are_no_work() -> None:
    assert frames([], []) == []
