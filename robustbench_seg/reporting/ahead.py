"""Figures that another process draws while this one makes the rest of a report."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..processes import WorkerProcess, available_cores
from ..reports.document import Fold, OpenPart, Part, Plot, Plots, Section
from ..reports.svg import Drawing, drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PlotAhead(Plot):
    """A figure that another process draws, or this one where the other cannot."""

    coming: Future[Drawing]

    def drawing(self) -> Drawing:
        """Return the figure as SVG."""
        with suppress(Exception):  # an error of the figure itself is raised below
            return self.coming.result()
        return super().drawing()


class _Drawer:
    """A process that draws figures in the order in which it gets them."""

    def __init__(self) -> None:
        self._process = WorkerProcess(_ready, "the process that draws")
        self._process.start()
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._process.begin)

    def begin(self, plot: Plot) -> PlotAhead:
        """Have a figure drawn."""
        coming = self._thread.submit(self._process.do, plot.draw)
        return PlotAhead(plot.name, plot.caption, plot.label, plot.draw, coming)

    def stop(self) -> None:
        """End the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._process.stop()


_drawer: _Drawer | None = None


@contextmanager
def drawing_ahead() -> Iterator[None]:
    """Draw the figures of reports that are made in this context in another process.

    It imports matplotlib and seaborn, which take longer than the figures, as soon as the context is
    entered. On a single core, nothing changes.
    """
    global _drawer
    if available_cores() == 1:
        yield
        return
    _drawer = _Drawer()
    try:
        yield
    finally:
        _drawer.stop()
        _drawer = None


def begun(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield sections; in `drawing_ahead`, their figures are being drawn from then on."""
    for section in sections:
        yield replace(section, parts=tuple(map(_begun, section.parts)))


def _begun(part: Part) -> Part:
    if isinstance(part, Fold):
        return replace(part, parts=tuple(map(_open_begun, part.parts)))
    return _open_begun(part)


def _open_begun(part: OpenPart) -> OpenPart:
    if _drawer and isinstance(part, Plots):
        return replace(part, plots=tuple(map(_drawer.begin, part.plots)))
    return part


def _ready() -> Callable[[Callable[[], Figure]], Drawing]:
    """Return the function that draws in the other process, once all that it needs is imported."""
    gc.disable()  # figures and imports make many objects, and this process ends soon
    # With SciPy, seaborn takes ten times as long to import. It does without, but for clusters and
    # densities, which no figure shows.
    sys.modules["scipy"] = None  # type: ignore[assignment]
    import seaborn  # noqa: F401
    from matplotlib.backends import backend_svg  # noqa: F401

    from .comparison import sections  # noqa: F401  # and with it all that draws

    return lambda draw: drawn(draw())
