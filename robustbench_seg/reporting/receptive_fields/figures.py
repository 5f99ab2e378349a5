"""Figures of receptive fields: pure functions from maps to a matplotlib Figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...reports.style import INK, MUTED, RC, RULE, SERIES, new_figure, rc_context
from .maps import (
    MARGIN,
    Box,
    Colors,
    FieldMap,
    axes_at,
    color_scale,
    draw,
    draw_squares,
    scale_bar,
    text_at,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_WIDTH = 1160.0
NARROWEST = 480.0
"""Width of the colour scale with its title."""
STAGE_BOX, HEAD_BOX = "#ff6a4d", "#ffc83d"
"""Frames of the enlarged parts: of the last stage, and of the head."""
ENLARGED = 4
"""Shorter side of a map, divided by the side of its enlarged part."""


def subjects(maps: Sequence[FieldMap]) -> tuple[str, ...]:
    """Return the rows of the overview, in the order of the maps."""
    return tuple(dict.fromkeys(item.subject for item in maps))


def layers(maps: Sequence[FieldMap]) -> tuple[str, ...]:
    """Return the columns of the overview: stages, then the head, then others in their order."""

    def place(layer: str) -> tuple[int, str]:
        return (0, layer) if layer.startswith("stage ") else (1 if layer == "head" else 2, "")

    return tuple(sorted(dict.fromkeys(item.layer for item in maps), key=place))


def enlarged(maps: Sequence[FieldMap]) -> tuple[str, ...]:
    """Return the layers that the overview also shows enlarged: the last stage and the head."""
    columns = layers(maps)
    stages = [layer for layer in columns if layer.startswith("stage")]
    return tuple(layer for layer in (*stages[-1:], "head") if layer in columns)


@rc_context(RC)
def overview(maps: Sequence[FieldMap], colors: Colors) -> Figure:
    """Draw subjects as rows and layers as columns, like SegFormer's Figure 3 (2105.15203)."""
    columns, zooms = layers(maps), enlarged(maps)
    by_name = {(item.subject, item.layer): item for item in maps}
    gap, wide_gap, heading, label, scale = 8.0, 22.0, 22.0, 24.0, 66.0
    shapes = {item.subject: item.relative.shape for item in maps}
    ratios = {subject: height / width for subject, (height, width) in shapes.items()}
    highest = max(ratios.values())
    gaps = gap * (len(columns) - 1) + (wide_gap + gap * (len(zooms) - 1) if zooms else 0)
    width = min(
        (PAGE_WIDTH - gaps - 2 * MARGIN) / (len(columns) + len(zooms) * min(highest, 1)), 300.0
    )
    heights = [width * ratio for ratio in ratios.values()]
    figure = new_figure(
        max(gaps + width * (len(columns) + len(zooms) * min(highest, 1)) + 2 * MARGIN, NARROWEST),
        heading + sum(heights) + label * len(heights) + gap * (len(heights) - 1) + scale,
    )
    top = heading
    for row, (subject, height) in enumerate(zip(ratios, heights, strict=True)):
        text_at(figure, MARGIN, top + label - 8, subject, colors[INK], weight="bold")
        top += label
        for column, layer in enumerate(columns):
            left = MARGIN + column * (width + gap)
            if row == 0:
                text_at(figure, left, heading - 8, layer, colors[MUTED])
            if item := by_name.get((subject, layer)):
                axes = axes_at(figure, (left, top, width, height))
                draw(axes, item.relative, width)
                scale_bar(axes, item.relative.shape[1], 9.0)
        left = MARGIN + len(columns) * (width + gap) - gap + wide_gap
        if row == 0 and zooms:
            text_at(figure, left, heading - 8, "enlarged", colors[MUTED])
        side = min(width, height)
        for zoom in zooms:
            if item := by_name.get((subject, zoom)):
                place = (MARGIN + columns.index(zoom) * (width + gap), top, width, height)
                _enlarge(figure, item, place, (left, top, side, side))
            left += side + gap
        top += height + gap
    color_scale(figure, colors)
    return figure


@rc_context(RC)
def single(item: FieldMap, colors: Colors) -> Figure:
    """Draw one map with its name, the squares that hold 50 and 99 %, and the colour scale."""
    height, width = item.relative.shape
    drawn = min(860.0, 560.0 * width / height)
    figure = new_figure(max(drawn + 2 * MARGIN, NARROWEST), 34 + drawn * height / width + 66)
    text_at(figure, MARGIN, 20, f"{item.subject}, {item.layer}", colors[INK], weight="bold")
    draw_squares(axes_at(figure, (MARGIN, 34, drawn, drawn * height / width)), item, drawn)
    color_scale(figure, colors)
    return figure


@rc_context(RC)
def bare(item: FieldMap) -> Figure:
    """Draw one map with its squares alone, for a page that names it."""
    height, width = item.relative.shape
    drawn = min(400.0, 300.0 * width / height)
    figure = new_figure(drawn, drawn * height / width)
    draw_squares(axes_at(figure, (0, 0, drawn, drawn * height / width)), item, drawn)
    return figure


@rc_context(RC)
def radial(maps: Sequence[FieldMap], layer: str) -> Figure:
    """Draw the share of a layer's field within a radius, one line per subject."""
    figure = new_figure(330, 216)
    axes = figure.add_axes((34 / 330, 36 / 216, 290 / 330, 168 / 216))
    farthest = max(len(item.mass) for item in maps) - 1
    axes.set(xscale="log", xlim=(1, farthest), ylim=(0, 102))
    ticks = [10.0**power for power in range(int(math.log10(farthest)) + 1)]
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(color=RULE)
    axes.tick_params(length=0, labelcolor=MUTED)
    for spine in axes.spines.values():
        spine.set_color(RULE)
    axes.set_xlabel("radius in pixels", labelpad=3, color=MUTED)
    colors = {subject: series(number) for number, subject in enumerate(subjects(maps))}
    for item in maps:
        if item.layer == layer:
            radii = range(1, len(item.mass))
            axes.plot(radii, 100 * item.mass[1:], color=colors[item.subject], linewidth=1.8)
    return figure


def series(number: int) -> str:
    """Return the stand-in colour of a subject by its index."""
    return SERIES[number % len(SERIES)]


def _enlarge(figure: Figure, item: FieldMap, around: Box, zoomed: Box) -> None:
    """Frame the surroundings of the unit in the box of the map, and show them in another box."""
    from matplotlib.patches import Rectangle

    color = HEAD_BOX if item.layer == "head" else STAGE_BOX
    size = item.relative.shape
    side = max(min(size) // ENLARGED, 1)
    top, left = (
        min(max(at - side // 2, 0), length - side)
        for at, length in zip(item.pixel, size, strict=True)
    )
    part = item.relative[top : top + side, left : left + side]
    framed = axes_at(figure, around)
    framed.set(xlim=(0, size[1]), ylim=(size[0], 0))
    framed.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=color, linewidth=1.2))
    axes = axes_at(figure, zoomed)
    draw(axes, part, zoomed[2])
    axes.add_patch(
        Rectangle((0, 0), side, side, fill=False, edgecolor=color, linewidth=2.5, clip_on=False)
    )
    scale_bar(axes, side, 9.0)
