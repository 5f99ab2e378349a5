"""A process that draws figures while its parent makes the rest of a report.

This module imports nothing that is slow, so that the process can be started before all else.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..processes import WorkerProcess, available_cores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..reports.svg import Drawing

    Draw = Callable[[], Figure]


class Drawer:
    """The process; it draws in the order in which it is asked to."""

    def __init__(self) -> None:
        self._process = WorkerProcess(_ready, "the process that draws")
        self._process.start()
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._process.begin)

    def drawing(self, draw: Draw) -> Future[Drawing]:
        """Have a figure drawn."""
        return self._thread.submit(self._process.do, draw)

    def stop(self) -> None:
        """End the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._process.stop()


_running: list[Drawer] = []


@contextmanager
def drawing_ahead() -> Iterator[None]:
    """Draw the figures of reports that are made in this context in another process.

    It imports matplotlib and seaborn, which takes longer than to draw, as soon as the context is
    entered. On a single core, nothing changes.
    """
    if available_cores() == 1:
        yield
        return
    _running.append(Drawer())
    try:
        yield
    finally:
        _running.pop().stop()


def running() -> Drawer | None:
    """Return the process of `drawing_ahead`."""
    return _running[-1] if _running else None


def _ready() -> Callable[[Draw], Drawing]:
    """Return the function that draws in the other process, once all that it needs is imported."""
    gc.disable()  # figures and imports make many objects, and this process ends soon
    # With SciPy, seaborn takes ten times as long to import. It does without, but for clusters and
    # densities, which no figure shows.
    sys.modules["scipy"] = None  # type: ignore[assignment]
    import seaborn  # noqa: F401
    from matplotlib.backends import backend_svg  # noqa: F401

    from ..reports.svg import drawn
    from .comparison import sections  # noqa: F401  # and with it all that draws

    return lambda draw: drawn(draw())
