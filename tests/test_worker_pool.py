"""Workers that die, refuse or never come: no unit is lost, none is done for ever."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter

import numpy as np
import pytest

from robustbench_seg import worker_pool
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.work import Result, WorkUnit
from robustbench_seg.processes import run_in_processes
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
            return Result(
                {Cell("m", "fog", 1, str(unit.frame)): (np.eye(2, dtype=int),)}, [], [], []
            )
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


def test_more_units_are_asked_for_when_all_are_done() -> None:
    workers, asked = [Scripted(), Scripted()], []

    def more() -> list[WorkUnit]:
        asked.append(len(done))
        return UNITS[len(done) : len(done) + 15]

    done: list[Result] = []
    for result in run_on_workers(workers, UNITS[:10], more=more):
        done.append(result)
    assert asked == [10, 25, 40]
    assert [worker.starts for worker in workers] == [1, 1]


def test_a_frame_that_kills_every_worker_is_given_up() -> None:
    workers = [Scripted(Counter({UNITS[7]: ATTEMPTS})) for _ in range(2)]
    with pytest.raises(InputError, match=r"died over frame 7 \(.* run the same command again"):
        frames(workers, UNITS)
    with pytest.raises(InputError, match="died while starting"):
        frames([Scripted(begins=ATTEMPTS)], UNITS)


@pytest.mark.slow
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
    (line,) = [message for message in caplog.messages if "no progress" in message]
    assert line.endswith("no progress for 100 s over frame 7; it is stopped after 1800 s")


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
    assert line.endswith("no progress for 100 s over its start; it is stopped after 1800 s")


class StuckAtStart(Scripted):
    """A worker whose first starts never end, until it is stopped."""

    def __init__(self, stuck: int):
        super().__init__()
        self.stuck_starts = stuck
        self.released = threading.Event()

    def begin(self) -> None:
        """Wait to be stopped."""
        self.silence = 0.0
        if self.starts <= self.stuck_starts:
            self.silence = 100.0
            self.released.wait()
            self.released.clear()
            raise LostError("it was stopped")

    def stop(self) -> None:
        """End the wait."""
        super().stop()
        self.released.set()


@pytest.mark.usefixtures("impatient")
def test_a_worker_that_is_stuck_at_its_start_is_stopped_and_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = StuckAtStart(ATTEMPTS + 1)
    done = [next(iter(r.cells)).frame for r in run_on_workers([worker], UNITS, timeout=99)]
    assert len(done) == len(UNITS)
    assert worker.starts == ATTEMPTS + 2
    assert len(caplog.messages) == ATTEMPTS + 1
    assert caplog.messages[0].endswith("over its start; it is stopped, and another is started")


@pytest.mark.usefixtures("impatient")
def test_a_start_has_a_minute_whatever_the_limit_of_the_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = StuckAtStart(0)
    beginning = worker.begin

    def begin() -> None:
        worker.silence = 50.0
        time.sleep(0.2)
        beginning()

    worker.begin = begin  # type: ignore[method-assign]
    assert len(list(run_on_workers([worker], UNITS, timeout=5))) == len(UNITS)
    assert worker.starts == 1
    assert not caplog.messages


@pytest.mark.usefixtures("impatient")
def test_a_run_whose_workers_are_all_stuck_at_their_start_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_pool, "PATIENCE", 0.5)
    workers = [StuckAtStart(10**6), StuckAtStart(10**6)]
    with pytest.raises(InputError, match=r"no worker started .* run the same command again"):
        list(run_on_workers(workers, UNITS, timeout=99))


def test_a_death_is_named_with_its_cause_and_item(caplog: pytest.LogCaptureFixture) -> None:
    assert frames([Scripted(Counter({UNITS[7]: 1}), begins=1)], UNITS) == list(range(40))
    starting, dying = caplog.messages
    assert "died while starting (died as it began); it is started again" in starting
    assert "died over frame 7 (died); another worker gets its work" in dying


@pytest.mark.usefixtures("impatient")
def test_workers_are_not_blamed_while_this_process_was_suspended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slept, really = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: really() + slept[0])

    class Suspended(Scripted):
        heard = really()

        @property
        def silence(self) -> float:
            return time.monotonic() - self.heard

        @silence.setter
        def silence(self, _: float) -> None:
            self.heard = time.monotonic()

        def do(self, unit: WorkUnit) -> Result:
            self.silence = 0
            if unit == UNITS[7]:
                slept[0] = 5000
                time.sleep(0.2)
            return super().do(unit)

    assert frames([Suspended()], UNITS) == list(range(40))
    assert not caplog.messages


@pytest.mark.usefixtures("impatient")
def test_a_clock_that_is_set_back_or_forward_stops_no_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = itertools.cycle((0.0, 9e9, -9e9))
    monkeypatch.setattr(time, "time", lambda: next(clock))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(clock)))
    monkeypatch.setattr(worker_pool, "NOTICE", 5.0)
    done = run_in_processes(abs, range(40), 2)
    assert sorted(done) == list(range(40))
    with stalls_named("this process", ["frame a", "frame b"]) as report_progress:
        time.sleep(0.1)
        report_progress()
    assert not caplog.messages


@pytest.mark.usefixtures("impatient")
def test_work_over_which_every_worker_is_stuck_is_given_up() -> None:
    over = Counter({UNITS[7]: ATTEMPTS})
    workers = [Stuck(over), Stuck(over)]
    with pytest.raises(InputError, match=r"3 workers in a row were stuck over frame 7 \(.*stopped"):
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
