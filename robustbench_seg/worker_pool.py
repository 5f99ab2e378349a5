"""Distributes items to workers that may die; the item of a dead worker is done by another."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Any, Protocol, TypeVar

from .errors import InputError

Item = TypeVar("Item")
ItemIn = TypeVar("ItemIn", contravariant=True)
Result = TypeVar("Result")
ResultOut = TypeVar("ResultOut", covariant=True)

_log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Deaths in a row over one item, or of one starting worker, after which the work stops."""
CHECK = 1.0
"""Seconds between two looks at workers that give no result."""
NOTICE = 60.0
"""Seconds without progress after which a worker is named."""
TIMEOUT = 1800.0
"""Seconds without progress after which a worker is stopped, by default."""
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
        """Kill the process without waiting; a thread that waits for it gets LostError."""
        ...

    @property
    def silence(self) -> float:
        """Seconds since the worker last made progress, or was given its item."""
        ...


def run_on_workers(
    workers: Sequence[Worker[Item, Result]],
    items: Iterable[Item],
    *,
    saving: str = "fewer workers",
    drain: Event | None = None,
    timeout: float = TIMEOUT,
    describe: Callable[[Item], str] = str,
    more: Callable[[], Iterable[Item]] = tuple,
) -> Generator[Result]:
    """Yield the results of items in the order in which workers finish them.

    When all are done, `more` is asked for further items, until it has none.

    No more workers are started than there are items. A worker has one item at a time, which bounds
    the results that wait here. The item of a lost
    worker goes to the next free one, and the lost worker is started again; the log names both, the
    item as `describe` names it. A worker that makes no progress for a minute is named too; after
    `timeout` seconds, but not within a minute of its start, it is stopped and counts as lost.
    Raises InputError if an item costs `ATTEMPTS` workers, if no worker starts in time, and if a
    worker raises one.

    On an error or Ctrl-C workers are killed. If there is a `drain`, it is set instead, by which
    workers know to end early, and the results of the items in work are yielded first. `saving`
    says in messages how to use less memory.
    """
    waiting, losses = deque(items), Counter[Any]()
    unused, started = deque(workers), list[Worker[Item, Result]]()
    idle: list[Worker[Item, Result]] = []
    busy: dict[Future[Any], tuple[Worker[Item, Result], Item]] = {}
    beginning: dict[Future[Any], Worker[Item, Result]] = {}
    results = deque[Result]()
    watch = _Watch()
    quiet_since = time.monotonic()
    kept = "finished work is kept; run the same command again"
    # A thread for each worker does nothing but wait for it.
    pool = ThreadPoolExecutor(max(1, len(workers)), thread_name_prefix="worker")

    def start(worker: Worker[Item, Result]) -> None:
        watch.forget(worker)
        worker.start()
        beginning[pool.submit(worker.begin)] = worker

    def lose(worker: Worker[Item, Result], error: LostError, item: Item | None = None) -> None:
        stuck = watch.has_stopped(worker)
        place = "while starting" if item is None else f"over {describe(item)}"
        if not stuck:
            then = "it is started again" if item is None else "another worker gets its work"
            _log.warning("%s: died %s (%s); %s", worker, place, error, then)
        elif item is None:  # it may only have waited for room on a cluster
            return
        what = worker if item is None else item
        losses[what] += 1
        if losses[what] == ATTEMPTS:
            cause = "were stuck" if stuck else "died"
            memory = "" if stuck else f", with {saving} to use less memory"
            raise InputError(
                f"{ATTEMPTS} workers in a row {cause} {place} ({worker}: {error}); {kept}{memory}"
            ) from error

    def is_left() -> bool:
        if not waiting and not busy:
            waiting.extend(more())
        while unused and len(started) < len(waiting) + len(busy):
            started.append(unused.popleft())
            start(started[-1])
        return bool(waiting or busy)

    try:
        while is_left():
            done, _ = wait([*busy, *beginning], CHECK, return_when=FIRST_COMPLETED)
            watch.begin()
            for future, pair in busy.items():
                if not future.done():  # else its result waited for the caller
                    watch.look(pair[0], describe(pair[1]), timeout, "another worker gets its work")
            for future, worker in beginning.items():
                if not future.done():
                    # Imports and weights take their time, however quick the items are.
                    watch.look(worker, "its start", max(timeout, NOTICE), "another is started")
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
                worker, item = busy.pop(ended)
                try:
                    results.append(ended.result())
                    idle.append(worker)
                except LostError as error:
                    waiting.appendleft(item)
                    lose(worker, error, item)
                    start(worker)
            while idle and waiting:
                worker, item = idle.pop(), waiting.popleft()
                watch.forget(worker)
                busy[pool.submit(worker.do, item)] = worker, item
            while results:
                yield results.popleft()
            if busy:
                quiet_since = time.monotonic()
            elif waiting and time.monotonic() - quiet_since > PATIENCE:
                raise InputError(f"no worker started within {PATIENCE / 60:.0f} minutes; {kept}")
    except (Exception, KeyboardInterrupt):
        if drain is None:
            raise
        drain.set()
        results.extend(future.result() for future in busy if future.exception() is None)
        yield from results
        raise
    finally:
        for worker in started:
            worker.stop()
        pool.shutdown(cancel_futures=True)


@contextmanager
def stalls_named(worker: str, steps: Sequence[str]) -> Iterator[Callable[[], None]]:
    """Name this process in the log while it makes no progress, as `run_on_workers` its workers.

    The block calls what it gets after each of the steps.
    """
    done, heard, ended = 0, time.monotonic(), threading.Event()
    longest = NOTICE

    def report_progress() -> None:
        nonlocal done, heard, longest
        now = time.monotonic()
        # Steps of a slow model take minutes, which is no stall.
        done, heard, longest = done + 1, now, max(longest, 2 * (now - heard))

    def look() -> None:
        named = -1
        while not ended.wait(CHECK):
            silence = time.monotonic() - heard
            if silence > longest and done not in (named, len(steps)):
                named = done
                _log.warning("%s: no progress for %.0f s over %s", worker, silence, steps[done])

    threading.Thread(target=look, daemon=True).start()
    try:
        yield report_progress
    finally:
        ended.set()


class _Watch:
    """Names workers that are alive but make no progress, and stops them after a limit."""

    def __init__(self) -> None:
        self._looked, self._suspended_until = time.monotonic(), -math.inf
        self._named = set[int]()
        self._stopped = set[int]()

    def forget(self, worker: Worker[Any, Any]) -> None:
        """Begin anew with a worker that gets its next item."""
        self._named.discard(id(worker))
        self._stopped.discard(id(worker))

    def has_stopped(self, worker: Worker[Any, Any]) -> bool:
        """Return whether the worker was stopped over its item, or as it started."""
        return id(worker) in self._stopped

    def begin(self) -> None:
        """Note the time before all workers are looked at.

        A process that was itself suspended has heard nothing, which is no silence of its workers.
        """
        before, self._looked = self._looked, time.monotonic()
        if self._looked - before > NOTICE:
            self._suspended_until = self._looked

    def look(self, worker: Worker[Any, Any], what: str, limit: float, then: str) -> None:
        """Name a worker once after a minute, and stop it once after a limit in seconds."""
        silence = min(worker.silence, self._looked - self._suspended_until)
        said = f"{worker}: no progress for {silence:.0f} s over {what}"
        if self.has_stopped(worker):
            return
        if silence > limit:
            self._stopped.add(id(worker))
            _log.warning("%s; it is stopped, and %s", said, then)
            worker.stop()
        elif silence > NOTICE and id(worker) not in self._named:
            self._named.add(id(worker))
            _log.warning("%s; it is stopped after %.0f s", said, limit)
