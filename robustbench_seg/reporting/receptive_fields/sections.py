"""Sections of a report of receptive fields, and its headline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...erf.extent import squares
from ...reports.document import (
    Fold,
    Gallery,
    Key,
    KeyEntry,
    OpenPart,
    Picture,
    PictureGroup,
    Plot,
    Plots,
    Section,
    file_name,
)
from ...reports.style import encoded
from ...reports.text import percent
from . import difference, figures
from .maps import ON_PAGE, SAMPLES, FieldMap
from .tables import place, replknet_table, squares_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def headline(maps: Sequence[FieldMap]) -> str:
    """Return how far the fields of the last layer reach, in one sentence."""
    layer = figures.layers(maps)[-1]
    extents: list[str] = []
    for item in maps:
        if item.layer == layer:
            (half,) = squares(item.field.gradient, item.pixel, (0.5,))
            image = "" if extents else " of the image"
            extents.append(f"{half.side} px ({percent(half.area)} %{image}) for {item.subject}")
    place = "the head" if layer == "head" else layer
    return f"At {place}, half of the field lies in a square of {', '.join(extents)}."


def sections(maps: Sequence[FieldMap]) -> Iterator[Section]:
    """Yield the sections of a report."""
    rows, columns = figures.subjects(maps), figures.layers(maps)
    overview = Plot(
        name="overview",
        caption="Models as rows and layers as columns; at the right, the framed parts enlarged.",
        label=f"Maps of effective receptive fields. Rows: {', '.join(rows)}. Columns: "
        f"{', '.join(columns)}. The numbers are in the tables.",
        draw=partial(figures.overview, maps, ON_PAGE),
    )
    opening: list[OpenPart] = [Plots("", (overview,), columns=1)]
    if drawn := difference.pairs(maps):
        plot = Plot(
            name="difference",
            caption=f"Ratio of the shares of both fields in each pixel, {rows[1]} over {rows[0]}.",
            label=f"Maps of the difference between {rows[0]} and {rows[1]}, for "
            f"{', '.join(first.layer for first, _ in drawn)}. The numbers are in the tables.",
            draw=partial(difference.difference, maps, ON_PAGE),
        )
        opening.append(Plots("Difference", (plot,), columns=1))
    yield Section("Overview", tuple(opening), terminal=False)
    curves = tuple(
        Plot(
            name=file_name("radius", number, layer),
            caption=f"{layer}: percent of the field",
            label=f"Curves of {layer}: share of the field in percent within a radius in pixels, "
            f"for {', '.join(rows)}.",
            draw=partial(figures.radial, maps, layer),
        )
        for number, layer in enumerate(columns, start=1)
    )
    lines = tuple(
        KeyEntry("line", row, (figures.series(number),)) for number, row in enumerate(rows)
    )
    yield Section(
        "Share within a radius", (Key(lines), Plots("", curves, columns=3)), short="By radius"
    )
    groups = tuple(
        PictureGroup(
            row,
            "",
            tuple(
                Picture(
                    _caption(item),
                    encoded_figure(figures.bare(item), "png"),
                    name=place("map", number, item),
                    link=f"#{place('squares', number, item)}",
                )
                for number, item in enumerate(maps)
                if item.subject == row
            ),
        )
        for row in rows
    )
    yield Section(
        "Maps", ("The squares hold 50 and 99 % of a field.", Gallery(groups)), terminal=False
    )
    yield Section(
        "Numbers", (squares_table(maps), Fold("By RepLKNet's procedure", (replknet_table(maps),)))
    )


def _caption(item: FieldMap) -> str:
    """Return the layer with the numbers of its squares, which the table has too."""
    half, most = squares(item.field.gradient, item.pixel, (0.5, 0.99))
    return f"{item.layer}: 50 % within {half.side} px, 99 % within {most.side} px"


def encoded_figure(figure: Figure, suffix: str) -> bytes:
    """Return the bytes of a figure on white paper."""
    return encoded(figure, suffix, dpi=72 * SAMPLES, facecolor="white")
