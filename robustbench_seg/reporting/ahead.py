"""Figures that are drawn by another process while this one makes the rest of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace

from ..reports.document import Fold, OpenPart, Part, Plot, Plots, Section
from ..reports.svg import Drawing
from . import drawer


@dataclass(frozen=True)
class PlotAhead(Plot):
    """A figure that another process draws, or this one where the other cannot."""

    coming: Future[Drawing]

    def drawing(self) -> Drawing:
        """Return the figure as SVG."""
        with suppress(Exception):  # an error of the figure itself is raised below
            return self.coming.result()
        return super().drawing()


def begun(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield sections; within `drawer.drawing_ahead`, their figures are being drawn from then on."""
    for section in sections:
        yield replace(section, parts=tuple(map(_begun, section.parts)))


def _begun(part: Part) -> Part:
    if isinstance(part, Fold):
        return replace(part, parts=tuple(map(_open_begun, part.parts)))
    return _open_begun(part)


def _open_begun(part: OpenPart) -> OpenPart:
    return replace(part, plots=tuple(map(_ahead, part.plots))) if isinstance(part, Plots) else part


def _ahead(plot: Plot) -> Plot:
    running = drawer.running()
    if running is None:
        return plot
    coming = running.drawing(plot.draw)
    return PlotAhead(plot.name, plot.caption, plot.label, plot.draw, coming)
