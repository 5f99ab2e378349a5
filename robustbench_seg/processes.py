"""The same work on many things in several processes, which Ctrl-C ends at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import TypeVar

from .errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

_stop: Event | None = None  # in a worker: set when the user has pressed Ctrl-C


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def stopped() -> bool:
    """Whether the work that is under way in this process should end early."""
    return _stop is not None and _stop.is_set()


class ProcessPool:
    """Worker processes; a crew of one is this process itself."""

    def __init__(self, pool: ProcessPoolExecutor | None, stop: Event | None):
        self._pool = pool
        self._stop = stop

    @classmethod
    @contextmanager
    def of(cls, workers: int) -> Iterator[ProcessPool]:
        """Hold that many processes for the block."""
        if workers == 1:
            yield cls(None, None)
            return
        # Spawned, not forked: a fork copies the locks of whatever threads the caller runs.
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        with ProcessPoolExecutor(workers, context, _begin, (stop,)) as pool:
            yield cls(pool, stop)

    def run(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        done: Callable[[Result], None],
    ) -> None:
        """Call a function on every item, and `done` here on each result as it comes.

        Where Ctrl-C or an error ends this, workers find that they are `stopped`; `done` still gets
        the results of what they had under way. Raises InputError where a worker was killed.
        """
        if self._pool is None or self._stop is None:
            for item in items:
                done(function(item))
            return
        with interrupts_held_back():
            waiting = {self._pool.submit(function, item) for item in items}
        try:
            for future in as_completed(waiting.copy()):
                done(future.result())
                waiting.remove(future)
        except BaseException as error:
            self._stop.set()
            begun = [future for future in waiting if not future.cancel()]
            for future in begun:
                if future.exception() is None:
                    done(future.result())
            if isinstance(error, BrokenProcessPool):
                raise InputError(
                    "a worker process was killed, perhaps for want of memory; what is done is "
                    "kept, the same command goes on, with fewer --workers in less memory"
                ) from error
            raise


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Deliver a Ctrl-C of the block after it; processes that it starts never see one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(stop: Event) -> None:
    global _stop
    _stop = stop
    stand_by_parent()


def stand_by_parent() -> None:
    """Make a new process a worker, which ends when told to or when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
