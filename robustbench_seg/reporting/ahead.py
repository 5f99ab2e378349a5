"""Figures that are drawn by the second process while the first makes the rest of a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ..reports.document import Fold, OpenPart, Part, Plot, Plots, Section
from ..reports.svg import Drawing
from .beside import begun


@dataclass(frozen=True)
class PlotAhead(Plot):
    """A figure whose drawing has begun."""

    begun: Callable[[], Drawing]

    def drawing(self) -> Drawing:
        """Return the figure as SVG."""
        return self.begun()


def drawn_ahead(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield sections whose figures are being drawn from then on, see `beside.begun`."""
    for section in sections:
        yield replace(section, parts=tuple(map(_begun, section.parts)))


def _begun(part: Part) -> Part:
    if isinstance(part, Fold):
        return replace(part, parts=tuple(map(_open_begun, part.parts)))
    return _open_begun(part)


def _open_begun(part: OpenPart) -> OpenPart:
    return replace(part, plots=tuple(map(_ahead, part.plots))) if isinstance(part, Plots) else part


def _ahead(plot: Plot) -> Plot:
    return PlotAhead(plot.name, plot.caption, plot.label, plot.draw, begun(plot.drawing))
