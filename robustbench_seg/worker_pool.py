"""Distributes items to workers that may die; the item of a dead worker is done by another."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing.synchronize import Event
from typing import Any, Protocol, TypeVar

from .errors import InputError

Item = TypeVar("Item")
ItemIn = TypeVar("ItemIn", contravariant=True)
Result = TypeVar("Result")
ResultOut = TypeVar("ResultOut", covariant=True)

ATTEMPTS = 3
"""Deaths in a row over one item, or of one starting worker, after which the work stops."""
PATIENCE = 600.0
"""Seconds to wait for a first worker while all of them are starting."""


class LostError(Exception):
    """A worker has died, and the item that it was working on is lost."""


class Worker(Protocol[ItemIn, ResultOut]):
    """A process elsewhere that does one item at a time and can be started again once lost."""

    def start(self) -> None:
        """Request the process, without waiting for it."""
        ...

    def begin(self) -> None:
        """Wait until the process is ready; raise LostError, or the worker's InputError."""
        ...

    def do(self, item: ItemIn, /) -> ResultOut:
        """Wait for the result of an item; raise LostError, or an InputError of the worker."""
        ...

    def stop(self) -> None:
        """Kill the process; a thread that waits for it gets LostError."""
        ...


def run_on_workers(
    workers: Sequence[Worker[Item, Result]],
    items: Iterable[Item],
    *,
    saving: str = "fewer workers",
    drain: Event | None = None,
) -> Generator[Result]:
    """Yield the results of items in the order in which workers finish them.

    A worker has one item at a time, which bounds the results that wait here. The item of a lost
    worker goes to the next free one, and the lost worker is started again. Raises InputError if an
    item costs `ATTEMPTS` workers, if no worker starts in time, and if a worker raises one.

    On an error or Ctrl-C workers are killed. If there is a `drain`, it is set instead, by which
    workers know to end early, and the results of the items in work are yielded first. `saving`
    says in messages how to use less memory.
    """
    waiting, losses = deque(items), Counter[Any]()
    idle: list[Worker[Item, Result]] = []
    busy: dict[Future[Any], tuple[Worker[Item, Result], Item]] = {}
    beginning: dict[Future[Any], Worker[Item, Result]] = {}
    results = deque[Result]()
    kept = "finished work is kept; run the same command again"
    # A thread for each worker does nothing but wait for it.
    pool = ThreadPoolExecutor(max(1, len(workers)), thread_name_prefix="worker")

    def start(worker: Worker[Item, Result]) -> None:
        worker.start()
        beginning[pool.submit(worker.begin)] = worker

    def lose(what: object, place: str, error: LostError) -> None:
        losses[what] += 1
        if losses[what] == ATTEMPTS:
            raise InputError(
                f"{ATTEMPTS} workers in a row died {place}, perhaps out of memory ({error}); "
                f"{kept}, with {saving} to use less"
            ) from error

    try:
        for worker in workers:
            start(worker)
        while waiting or busy:
            patience = None if busy else PATIENCE
            done, _ = wait([*busy, *beginning], patience, return_when=FIRST_COMPLETED)
            if not done:
                raise InputError(f"no worker started within {PATIENCE / 60:.0f} minutes; {kept}")
            for begun in done & beginning.keys():
                worker = beginning.pop(begun)
                try:
                    begun.result()
                    losses.pop(worker, None)
                    idle.append(worker)
                except LostError as error:
                    lose(worker, "while starting", error)
                    start(worker)
            for ended in done & busy.keys():
                worker, item = busy.pop(ended)
                try:
                    results.append(ended.result())
                    idle.append(worker)
                except LostError as error:
                    waiting.appendleft(item)
                    lose(item, f"over {item}", error)
                    start(worker)
            while idle and waiting:
                worker, item = idle.pop(), waiting.popleft()
                busy[pool.submit(worker.do, item)] = worker, item
            while results:
                yield results.popleft()
    except (Exception, KeyboardInterrupt):
        if drain is None:
            raise
        drain.set()
        results.extend(future.result() for future in busy if future.exception() is None)
        yield from results
        raise
    finally:
        for worker in workers:
            worker.stop()
        pool.shutdown(cancel_futures=True)
