"""Figures that are drawn by the second process while the first makes the rest of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..reports.document import OpenPart, Plot, Plots, Section, changed
from ..reports.svg import Drawing
from .beside import begun


@dataclass(frozen=True)
class PlotAhead(Plot):
    """A figure whose drawing has begun."""

    coming: Callable[[], Drawing]

    def drawing(self) -> Drawing:
        """Return the figure as SVG."""
        return self.coming()


def drawn_ahead(section: Section) -> Section:
    """Return a section whose figures are being drawn from now on, see `beside.begun`."""
    return changed(section, _begun)


def _begun(part: OpenPart) -> OpenPart:
    return replace(part, plots=tuple(map(_ahead, part.plots))) if isinstance(part, Plots) else part


def _ahead(plot: Plot) -> Plot:
    return PlotAhead(plot.name, plot.caption, plot.label, plot.draw, begun(plot.drawing))
