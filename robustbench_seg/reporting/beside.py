"""A second process, which does parts of a report, its figures above all, beside the first.

This module imports nothing that is slow, so that the process can be started before all else.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from ..processes import WorkerProcess, available_cores

Result = TypeVar("Result")

PATIENCE = 120.0
"""Seconds to wait for the second process, after which its work is done by the first."""


class _Process:
    """The process; it does its work in the order in which it is asked to."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._process = WorkerProcess(partial(_ready, modules), "the second process")
        self._process.start()
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._process.begin)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        return self._thread.submit(self._process.do, work)

    def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._process.stop()


_process: _Process | None = None


@contextmanager
def second_process(*modules: str) -> Iterator[None]:
    """Have a second process for reports that are made in this context.

    It imports matplotlib, seaborn and these modules, which takes longer than to draw the figures of
    a report, as soon as the context is entered. There is none on a single core, and where none can
    be started.
    """
    global _process
    with suppress(OSError):
        _process = _Process(modules) if available_cores() > 1 else None
    try:
        yield
    finally:
        if _process:
            _process.stop()
        _process = None


def begun(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin work in the second process, and return what waits for its result.

    Without such a process, and where it cannot do the work, the work is done on that call. It must
    be picklable to be done elsewhere.
    """
    if _process is None:
        return work
    coming = _process.submit(work)

    def result() -> Result:
        with suppress(Exception):  # an error of the work itself is raised below
            return coming.result(PATIENCE)
        return work()

    return result


def _ready(modules: Sequence[str]) -> Callable[[Callable[[], Any]], Any]:
    """Return the function that works in the second process, once all that it needs is imported."""
    gc.disable()  # figures and imports make many objects, and this process ends soon
    # With SciPy, seaborn takes ten times as long to import. It does without, but for clusters and
    # densities, which no figure shows.
    sys.modules["scipy"] = None  # type: ignore[assignment]
    import seaborn  # noqa: F401
    from matplotlib.backends import backend_svg  # noqa: F401

    for name in modules:
        import_module(name)
    return lambda work: work()
