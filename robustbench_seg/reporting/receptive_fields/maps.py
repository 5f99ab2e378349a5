"""Drawing one map of a receptive field: its colours, its squares, its scale bar.

The colours of a map are shares of its maximum, over four decades, on a dark ground that is the same
on light and dark pages and on paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...erf.extent import Map, mass_by_radius, squares
from ...erf.field import Field
from ...erf.request import Pixel
from ...reports.style import INK, MUTED, POINTS, score_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

Colors = Mapping[str, str]
ON_PAGE: Final[Colors] = {INK: INK, MUTED: MUTED}
"""Stand-in colours, which each format replaces by its own."""

MARGIN = 6.0
"""Left and right of the maps, for frames and lines."""
LOWEST = 1e-4
SAMPLES = 2.5
"""Samples of a map per point of the figure, at most: 180 per inch."""

SCALE_WIDTH = 330.0
"""Width of a colour scale in points."""
_LABEL: Final[dict[str, Any]] = {
    "color": "white",
    "bbox": {"facecolor": "black", "alpha": 0.55, "linewidth": 0, "pad": 1.5},
}
"""Style of the texts on a map."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in points, from the upper left corner of the figure."""


@dataclass(frozen=True)
class FieldMap:
    """A field under the name that figures and tables give its row."""

    subject: str
    """Model, followed by the condition if it is not clean or there are several."""
    field: Field

    @property
    def layer(self) -> str:
        """Name of the layer: the column of the overview."""
        return self.field.layer

    @property
    def pixel(self) -> Pixel:
        """Input pixel (y, x) that the unit is centred on."""
        return self.field.unit.pixel

    @cached_property
    def relative(self) -> Map:
        """Map (H, W) as shares of its maximum."""
        share = self.field.share
        values: Map = share / share.max()
        return values

    @cached_property
    def mass(self) -> Map:
        """Share of the field within each radius of 0, 1, 2, ... pixels."""
        return mass_by_radius(self.field.gradient, self.pixel)


def axes_at(figure: Figure, box: Box) -> Axes:
    """Add bare axes in a box of a figure."""
    left, top, width, height = box
    across, down = POINTS * figure.get_size_inches()
    axes = figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )
    axes.set_axis_off()
    return axes


def text_at(figure: Figure, left: float, top: float, text: str, color: str, **style: Any) -> None:
    """Write a text; `left` and `top` of its lower left corner are in points of the figure."""
    across, down = POINTS * figure.get_size_inches()
    figure.text(left / across, 1 - top / down, text, color=color, **style)


def draw(axes: Axes, values: Map, width: float) -> None:
    """Show values (H, W) in [0, 1] on axes `width` points wide, in coordinates of their pixels."""
    rows, columns = values.shape
    axes.imshow(
        resampled(values, round(SAMPLES * width)),
        cmap=score_colors(),
        norm=_norm(),
        extent=(0, columns, rows, 0),
        interpolation="none",
        aspect="auto",
    )
    axes.set(xlim=(0, columns), ylim=(rows, 0))  # fixed, or marks beyond the map would move them


def draw_squares(axes: Axes, item: FieldMap, width: float) -> None:
    """Show a map, the squares that hold 50 and 99 % of it, and a scale bar."""
    from matplotlib.patches import Rectangle

    draw(axes, item.relative, width)
    y, x = item.pixel
    rows, columns = item.relative.shape
    half, most = squares(item.field.gradient, item.pixel, (0.5, 0.99))
    for square in (half, most):
        corner = (x + 0.5 - square.side / 2, y + 0.5 - square.side / 2)
        axes.add_patch(
            Rectangle(
                corner, square.side, square.side, fill=False, edgecolor="white", linewidth=1.1
            )
        )
        # If the two squares nearly coincide, only the outer one is labelled.
        if square is most or most.side - square.side > 0.15 * columns:
            above = corner[1] > 0.1 * rows
            place = (max(corner[0], 0), corner[1] if above else max(corner[1], 0))
            label = f"{100 * square.share:.0f} %"
            _label(axes, place, label, 10.0, ("left", "bottom" if above else "top"))
    scale_bar(axes, columns, 10.0)


def resampled(values: Map, width: int) -> NDArray[np.float32]:
    """Return a map (H, W) with at most `width` columns, averaged over areas and at least LOWEST."""
    picture = Image.fromarray(values.astype(np.float32))
    if picture.width > width:
        height = max(round(width * picture.height / picture.width), 1)
        picture = picture.resize((width, height), Image.Resampling.BOX)
    found: NDArray[np.float32] = np.maximum(np.asarray(picture), np.float32(LOWEST))
    return found


def _norm() -> LogNorm:
    from matplotlib.colors import LogNorm

    return LogNorm(LOWEST, 1, clip=True)


def scale_bar(axes: Axes, columns: int, size: float) -> None:
    """Draw a bar of a round number of pixels, at most a third of the width, and its label.

    Both keep their distances in points, on maps of any size: the label never covers the bar.
    """
    from matplotlib.transforms import offset_copy

    length = scale_length(columns / 3)
    bottom, _ = axes.get_ylim()
    left, above = 0.6 * size, 0.9 * size
    corner = offset_copy(axes.transData, axes.get_figure(root=True), left, above, units="points")
    for color, width in (("black", 4.5), ("white", 2.2)):
        axes.plot(
            *([0, length], [bottom, bottom]),
            color=color,
            linewidth=width,
            solid_capstyle="butt",
            transform=corner,
        )
    axes.annotate(
        f"{length} px",
        *((length, bottom), (left + 0.6 * size, above)),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=size,
        **_LABEL,
    )


def scale_length(longest: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, ... pixels up to `longest`; at least 1."""
    power = 10 ** math.floor(math.log10(max(longest, 1)))
    return max((step * power for step in (1, 2, 5) if step * power <= longest), default=1)


def _label(
    axes: Axes, at: tuple[float, float], text: str, size: float, anchor: tuple[str, str]
) -> None:
    horizontal, vertical = anchor
    axes.text(*at, text, fontsize=size, ha=horizontal, va=vertical, **_LABEL)


def color_scale(figure: Figure, colors: Colors) -> None:
    """Draw the colour scale at the lower left, under its title."""
    from matplotlib.cm import ScalarMappable

    titled_scale(
        figure,
        colors,
        ScalarMappable(_norm(), score_colors()),
        "Gradient, as a share of the highest value of each map (logarithmic)",
        {10.0**power: f"{10.0**power:g}" for power in range(round(math.log10(LOWEST)), 1)},
    )


def titled_scale(
    figure: Figure, colors: Colors, values: ScalarMappable, title: str, ticks: Mapping[float, str]
) -> None:
    """Draw a colour scale with labelled ticks at the lower left, under its title."""
    bottom = POINTS * figure.get_figheight()
    text_at(figure, MARGIN, bottom - 40, title, colors[MUTED], fontsize=10)
    axes = axes_at(figure, (MARGIN, bottom - 32, SCALE_WIDTH, 9))
    axes.set_axis_on()
    bar = figure.colorbar(values, cax=axes, orientation="horizontal")
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    bar.ax.tick_params(length=0, labelsize=9, labelcolor=colors[MUTED], pad=3)
    first, *_, last = bar.ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    bar.minorticks_off()
    bar.outline.set_visible(False)
