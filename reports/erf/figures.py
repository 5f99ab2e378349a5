"""The figures of effective receptive fields: pure functions from maps to a matplotlib Figure."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..style import INK, MUTED, RC, RULE, SERIES
from .description import FieldMap, FieldsReport
from .maps import (
    MARGIN,
    POINTS,
    Box,
    Colors,
    axes_at,
    color_scale,
    draw,
    draw_squares,
    relative,
    scale_bar,
    text_at,
)

PAGE_WIDTH = 1160.0
NARROWEST = 540.0
"""What the scale of colours and its words take."""
STAGE_BOX, HEAD_BOX = "#ff6a4d", "#ffc83d"
"""Frames of what is enlarged: of the last stage, and of the head."""
ENLARGED = 4
"""What is enlarged has this part of the map's shorter side."""


def enlarged(report: FieldsReport) -> tuple[str, ...]:
    """Return the layers that the overview also shows enlarged: the last stage and the head."""
    stages = [layer for layer in report.layers if layer.startswith("stage")]
    return tuple(layer for layer in (*stages[-1:], "head") if layer in report.layers)


@rc_context(RC)
def overview(report: FieldsReport, colors: Colors) -> Figure:
    """Subjects as rows and layers as columns, like Figure 3 of SegFormer (arXiv 2105.15203)."""
    layers, zooms = report.layers, enlarged(report)
    gap, wide_gap, heading, label, scale = 8.0, 22.0, 22.0, 24.0, 56.0
    ratios = {
        subject: next(_ratio(field) for field in report.fields if field.subject == subject)
        for subject in report.subjects
    }
    highest = max(ratios.values())
    gaps = gap * (len(layers) - 1) + (wide_gap + gap * (len(zooms) - 1) if zooms else 0)
    width = min(
        (PAGE_WIDTH - gaps - 2 * MARGIN) / (len(layers) + len(zooms) * min(highest, 1)), 300.0
    )
    heights = [width * ratio for ratio in ratios.values()]
    total = (
        max(gaps + width * (len(layers) + len(zooms) * min(highest, 1)) + 2 * MARGIN, NARROWEST),
        heading + sum(heights) + label * len(heights) + gap * (len(heights) - 1) + scale,
    )
    figure = Figure(figsize=(total[0] / POINTS, total[1] / POINTS))
    top = heading
    for row, (subject, height) in enumerate(zip(ratios, heights, strict=True)):
        text_at(figure, total, (MARGIN, top + label - 8), subject, colors[INK], weight="bold")
        top += label
        for column, layer in enumerate(layers):
            left = MARGIN + column * (width + gap)
            if row == 0:
                text_at(figure, total, (left, heading - 8), layer, colors[MUTED])
            field = report.field(subject, layer)
            if field is not None:
                axes = axes_at(figure, total, (left, top, width, height))
                draw(axes, relative(field), width)
                scale_bar(axes, field.share.shape[1], 9.0)
        left = MARGIN + len(layers) * (width + gap) - gap + wide_gap
        if row == 0 and zooms:
            text_at(figure, total, (left, heading - 8), "enlarged", colors[MUTED])
        side = min(width, height)
        for zoom in zooms:
            field = report.field(subject, zoom)
            if field is not None:
                place = (MARGIN + layers.index(zoom) * (width + gap), top, width, height)
                _enlarge(figure, total, field, (place, (left, top, side, side)))
            left += side + gap
        top += height + gap
    color_scale(figure, total, colors)
    return figure


@rc_context(RC)
def single(field: FieldMap, colors: Colors) -> Figure:
    """One map, with its name, the squares that hold 50 and 99 % of it, and the scale of colours."""
    height, width = field.share.shape
    drawn = min(860.0, 560.0 * width / height)
    size = (max(drawn + 2 * MARGIN, NARROWEST), 34 + drawn * height / width + 56)
    figure = Figure(figsize=(size[0] / POINTS, size[1] / POINTS))
    text_at(
        figure, size, (MARGIN, 20), f"{field.subject}, {field.layer}", colors[INK], weight="bold"
    )
    draw_squares(axes_at(figure, size, (MARGIN, 34, drawn, drawn * height / width)), field, drawn)
    color_scale(figure, size, colors)
    return figure


@rc_context(RC)
def bare(field: FieldMap) -> Figure:
    """One map with its squares, for a place that says the rest."""
    height, width = field.share.shape
    drawn = min(400.0, 300.0 * width / height)
    size = (drawn, drawn * height / width)
    figure = Figure(figsize=(size[0] / POINTS, size[1] / POINTS))
    draw_squares(axes_at(figure, size, (0, 0, *size)), field, drawn)
    return figure


@rc_context(RC)
def radial(report: FieldsReport, layer: str, colors: Colors) -> Figure:
    """How much of the field of a layer lies within a radius, one line a subject."""
    figure = Figure(figsize=(330 / POINTS, 216 / POINTS))
    axes = figure.add_axes((34 / 330, 36 / 216, 290 / 330, 168 / 216))
    rows: pd.DataFrame = report.radial[report.radial["layer"] == layer]
    farthest = float(report.radial["radius"].max())
    axes.set(xscale="log", xlim=(1, farthest), ylim=(0, 102))
    ticks = [10.0**power for power in range(int(math.log10(farthest)) + 1)]
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(color=colors[RULE])
    axes.tick_params(length=0, labelcolor=colors[MUTED])
    for spine in axes.spines.values():
        spine.set_color(colors[RULE])
    axes.set_xlabel("radius in pixels", labelpad=3, color=colors[MUTED])
    for number, subject in enumerate(report.subjects):
        own = rows[(rows["subject"] == subject) & (rows["radius"] > 0)]
        axes.plot(own["radius"], 100 * own["share"], color=series(number), linewidth=1.8)
    return figure


def series(number: int) -> str:
    """Return the stand-in colour of a subject by its place."""
    return SERIES[number % len(SERIES)]


def _ratio(field: FieldMap) -> float:
    height, width = field.share.shape
    return float(height / width)


def _enlarge(
    figure: Figure, total: tuple[float, float], field: FieldMap, boxes: tuple[Box, Box]
) -> None:
    """Frame what is around the unit, in the map's box, and show it in another."""
    color = HEAD_BOX if field.layer == "head" else STAGE_BOX
    size = field.share.shape
    side = max(min(size) // ENLARGED, 1)
    top, left = (
        min(max(at - side // 2, 0), length - side)
        for at, length in zip(field.pixel, size, strict=True)
    )
    part = relative(field)[top : top + side, left : left + side]
    framed = axes_at(figure, total, boxes[0])
    framed.set(xlim=(0, size[1]), ylim=(size[0], 0))
    framed.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=color, linewidth=1.2))
    axes = axes_at(figure, total, boxes[1])
    draw(axes, part, boxes[1][2])
    axes.add_patch(
        Rectangle((0, 0), side, side, fill=False, edgecolor=color, linewidth=2.5, clip_on=False)
    )
    scale_bar(axes, side, 9.0)
