"""Workers that die, refuse or never come: no unit is lost, none is done for ever."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import numpy as np
import pytest

from robustbench_seg import worker_pool
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.work import Result, WorkUnit
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.worker_pool import ATTEMPTS, LostError, run_on_workers, stalls_named

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
        self.silence = 0.0

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


class Stuck(Scripted):
    """A worker that is alive and gives nothing for one unit, until it is stopped."""

    def __init__(self, stuck_over: Counter[WorkUnit]):
        super().__init__()
        self.stuck_over = stuck_over
        self.released = threading.Event()

    def do(self, unit: WorkUnit) -> Result:
        """Wait to be stopped over the unit."""
        if self.stuck_over[unit]:
            self.stuck_over[unit] -= 1
            self.silence = 100.0
            self.released.wait()
            self.released.clear()
            self.silence = 0.0
            raise LostError("was stopped")
        return super().do(unit)

    def stop(self) -> None:
        """End the wait."""
        super().stop()
        self.released.set()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "CHECK", 0.02)


@pytest.mark.usefixtures("impatient")
def test_a_stuck_worker_is_named_and_its_work_is_done_once_by_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    over = Counter({UNITS[7]: 1})
    workers = [Stuck(over), Stuck(over)]
    done = [
        int(cell.frame)
        for result in run_on_workers(workers, UNITS, timeout=99, describe=lambda u: f"x{u.frame}")
        for cell in result.cells
    ]
    assert sorted(done) == list(range(40))
    (line,) = caplog.messages
    assert "no progress for 100 s over x7; it is stopped, and another worker gets its" in line


@pytest.mark.usefixtures("impatient")
def test_a_slow_worker_is_named_once_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    over = Counter({UNITS[7]: 1})
    workers = [Stuck(over), Stuck(over)]
    timers = [threading.Timer(0.5, worker.released.set) for worker in workers]
    for timer in timers:
        timer.start()
    assert frames([*workers], UNITS) == list(range(40))
    for timer in timers:
        timer.join()
    (line,) = caplog.messages
    assert "no progress for 100 s over frame 7; it is stopped after 1800 s" in line


@pytest.mark.usefixtures("impatient")
def test_a_worker_that_does_not_begin_is_named_and_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    late = Scripted(late=True)
    late.silence = 100.0
    slow = Scripted()
    doing = slow.do

    def do(unit: WorkUnit) -> Result:
        time.sleep(0.01)
        return doing(unit)

    slow.do = do  # type: ignore[method-assign]
    assert frames([late, slow], UNITS) == list(range(40))
    (line,) = caplog.messages
    assert line.endswith("no progress for 100 s over its start")


@pytest.mark.usefixtures("impatient")
def test_work_over_which_every_worker_is_stuck_is_given_up() -> None:
    over = Counter({UNITS[7]: ATTEMPTS})
    workers = [Stuck(over), Stuck(over)]
    with pytest.raises(InputError, match=r"3 workers in a row died over frame 7, .*was stopped"):
        list(run_on_workers(workers, UNITS, timeout=99))


@pytest.mark.usefixtures("impatient")
def test_a_stall_of_this_process_is_named_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "NOTICE", 0.1)
    with stalls_named("this process", ["frame a", "frame b"]) as report_progress:
        report_progress()
        time.sleep(0.5)
        report_progress()
        time.sleep(0.3)  # after the last step
    (line,) = caplog.messages
    assert "this process: no progress for 0 s over frame b" in line


def test_no_units_are_no_work() -> None:
    assert frames([], []) == []
