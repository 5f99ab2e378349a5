"""Distributes work units to workers that may die; the units of a dead one are done by others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from ...errors import InputError
from ...processes import LostError
from ..work import Result, WorkUnit

ATTEMPTS = 3
"""Deaths in a row over one unit, or of one starting worker, after which the run stops."""
PATIENCE = 600.0
"""Seconds to wait for a first worker while all of them are starting."""
_KEPT = "finished frames are kept; run the same command again"


class Worker(Protocol):
    """A process elsewhere that does one unit at a time and can be started again once lost."""

    def start(self) -> None:
        """Request the process, without waiting for it."""
        ...

    def begin(self) -> None:
        """Wait until the models are loaded; raise LostError, or the worker's InputError."""
        ...

    def do(self, unit: WorkUnit, /) -> Result:
        """Wait for the result of a unit; raise LostError, or an InputError of the worker."""
        ...

    def stop(self) -> None:
        """Kill the process; a thread that waits for it gets LostError."""
        ...


def run_on_workers(workers: Sequence[Worker], units: Iterable[WorkUnit]) -> Generator[Result]:
    """Yield the results of units in the order in which workers finish them.

    A worker has one unit at a time, which bounds the results that wait here. The unit of a lost
    worker goes to the next free one, and the lost worker is started again. Raises InputError if a
    unit costs `ATTEMPTS` workers, if no worker starts in time, and if a worker raises one.
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
            over = f"over frame {what.frame}" if isinstance(what, WorkUnit) else "while starting"
            raise InputError(
                f"{ATTEMPTS} workers in a row died {over}, perhaps out of memory ({error}); "
                f"{_KEPT}, with --batch 1 or fewer workers to use less"
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
                raise InputError(f"no worker started within {PATIENCE / 60:.0f} minutes; {_KEPT}")
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
