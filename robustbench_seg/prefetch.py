"""Prefetching: jobs run in threads ahead of their use, and their results come in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Event, Lock, local
from typing import TypeVar

Result = TypeVar("Result")
_running = local()
"""In a thread that runs jobs, `closed` is set once nobody waits for their results."""


def prefetch(jobs: Iterable[Callable[[], Result]], threads: int) -> Generator[Result]:
    """Yield the results of jobs in order while the next ones run in threads.

    At most `threads` + 1 results are running or waiting, which bounds memory. A job that fails
    raises in its turn. Closing the generator cancels pending jobs and waits for running ones, which
    may `end_if_closed`.
    """
    pending: deque[Future[Result]] = deque()
    closed = Event()
    pool = ThreadPoolExecutor(threads, "prefetch", setattr, (_running, "closed", closed))
    try:
        for job in jobs:
            pending.append(pool.submit(job))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        closed.set()
        pool.shutdown(cancel_futures=True)


def end_if_closed() -> None:
    """Raise CancelledError in a job for whose result nobody waits any more."""
    closed: Event | None = getattr(_running, "closed", None)
    if closed is not None and closed.is_set():
        raise CancelledError


def cached_once(function: Callable[[], Result]) -> Callable[[], Result]:
    """Return a function that calls the given one once, and then returns its cached result.

    Concurrent callers wait for the first call; functools.cache would run the function in each.
    """
    lock, results = Lock(), list[Result]()

    def call() -> Result:
        with lock:
            if not results:
                results.append(function())
        return results[0]

    return call
