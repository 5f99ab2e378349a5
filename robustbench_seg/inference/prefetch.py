"""Work that is done ahead of its use, by threads, so that the model never waits for images."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

Result = TypeVar("Result")


def prefetch(jobs: Iterable[Callable[[], Result]], threads: int) -> Generator[Result]:
    """Yield the results of jobs in their order, while the next are being done.

    At most one more than there are threads is done or begun and not yet asked for, so that memory
    is bounded. The first job that fails raises here, in its turn; whoever stops early leaves no
    thread at work.
    """
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ahead")
    try:
        for job in jobs:
            pending.append(pool.submit(job))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def cached_once(function: Callable[[], Result]) -> Callable[[], Result]:
    """Return a function that calls the given one the first time, and then gives its result.

    Threads that come while it is being called wait (functools.cache would call it for each).
    """
    lock, results = Lock(), list[Result]()

    def call() -> Result:
        with lock:
            if not results:
                results.append(function())
        return results[0]

    return call
