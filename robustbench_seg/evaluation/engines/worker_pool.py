"""Units spread over workers that may die: each has one at a time, and nothing is lost with it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from ...errors import InputError
from ...processes import LostError
from ..work import Result, WorkUnit

ATTEMPTS = 3
"""How many workers in a row may die over one unit, or while one and the same begins."""
PATIENCE = 600.0
"""For how many seconds no worker may be there at all, while all of them are beginning."""
_KEPT = "what is done is kept, and the same command goes on"


class Worker(Protocol):
    """Somewhere else, where units are done one at a time. It can be started again once lost."""

    def start(self) -> None:
        """Ask for a place to work at, without waiting for it."""
        ...

    def begin(self) -> None:
        """Wait until it has loaded the models; raises LostError, or InputError where it refuses."""
        ...

    def do(self, unit: WorkUnit, /) -> Result:
        """Wait until a unit is done; raises LostError, or InputError for what is wrong there."""
        ...

    def stop(self) -> None:
        """End it at once; whoever waits for it gets LostError."""
        ...


def run_on_workers(workers: Sequence[Worker], units: Iterable[WorkUnit]) -> Generator[Result]:
    """Yield the results of units as workers give them.

    A worker has one unit at a time, so that as many results wait here as there are workers, at
    most. What a lost worker had in work is done by the next that is free, and the worker is started
    anew, wherever there is a place for it. Raises InputError where a unit costs one worker after
    another, where no worker can be had, and whatever InputError a worker raises.
    """
    waiting, losses = deque(units), Counter[WorkUnit | Worker]()
    idle: list[Worker] = []
    busy: dict[Future[Any], tuple[Worker, WorkUnit]] = {}
    beginning: dict[Future[Any], Worker] = {}
    # A thread for each worker does nothing but wait for it.
    pool = ThreadPoolExecutor(max(1, len(workers)), thread_name_prefix="worker")

    def start(worker: Worker) -> None:
        worker.start()
        beginning[pool.submit(worker.begin)] = worker

    def lose(what: WorkUnit | Worker, error: LostError) -> None:
        losses[what] += 1
        if losses[what] == ATTEMPTS:
            over = f"over frame {what.frame}" if isinstance(what, WorkUnit) else "as it began"
            raise InputError(
                f"{ATTEMPTS} workers in a row died {over}, perhaps for want of memory ({error}); "
                f"{_KEPT}, with --batch 1 or fewer workers in less memory"
            ) from error

    def hand_out() -> None:
        while idle and waiting:
            worker, unit = idle.pop(), waiting.popleft()
            busy[pool.submit(worker.do, unit)] = worker, unit

    try:
        for worker in workers:
            start(worker)
        while waiting or busy:
            patience = None if busy else PATIENCE
            done, _ = wait([*busy, *beginning], patience, return_when=FIRST_COMPLETED)
            if not done:
                raise InputError(f"no worker could be had for {PATIENCE / 60:.0f} minutes; {_KEPT}")
            results: list[Result] = []
            for begun in done & beginning.keys():
                worker = beginning.pop(begun)
                try:
                    begun.result()
                    losses.pop(worker, None)
                    idle.append(worker)
                except LostError as error:
                    lose(worker, error)
                    start(worker)
            for ended in done & busy.keys():
                worker, unit = busy.pop(ended)
                try:
                    results.append(ended.result())
                    idle.append(worker)
                except LostError as error:
                    waiting.appendleft(unit)
                    lose(unit, error)
                    start(worker)
            hand_out()
            yield from results
    finally:
        for worker in workers:
            worker.stop()
        pool.shutdown(cancel_futures=True)
