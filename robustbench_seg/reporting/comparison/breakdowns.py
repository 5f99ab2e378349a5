"""The tables of a comparison that break its losses down: by severity, by class, by frame."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from reports.table import Cell, Head, Table
from reports.text import MISSING

from .. import tables
from ..tables import HEADINGS, change, score
from ..words import NOT_MEASURED, common, corruption_name, count, severity_range, short_name
from .description import ComparisonData

FRAMES = 10
"""Number of frames shown among those that lost most."""


def curves_table(comparison: ComparisonData) -> Table:
    """Return the numbers of the curves: a row for each category and model."""
    pairs = [(model, category) for category in comparison.categories for model in comparison.models]
    found = comparison.curves.apply(lambda frame: frame.loc[pairs].swaplevel())
    severities = (Head(f"severity {severity}") for severity in found.value.columns)
    table = tables.frame_table(
        found.value,
        "mIoU in percent at each severity, the mean over the corruptions of the category. "
        f"{_counted(comparison)}",
        columns=(Head("category"), Head("model"), *severities),
    )
    return tables.with_intervals(table, found, comparison.covers)


def class_table(comparison: ComparisonData) -> Table:
    """Return a table with a row for each model and class; classes lost first come first."""
    order = comparison.lost_first()
    categories = {info.name: info.category for info in comparison.class_infos}
    rows = []
    for model in comparison.models:
        for name in order:
            key = (model, name)
            if key not in comparison.classes.index:
                continue
            numbers = comparison.classes.loc[[key]].astype(float).iloc[0]
            half = float(numbers["half_lost_at"])
            rows.append(
                (
                    Cell(model),
                    Cell(name),
                    Cell(categories.get(name, "")),
                    _with_ends(numbers, "clean"),
                    _with_ends(numbers, "suite"),
                    change(*(float(numbers[column]) for column in _triple("change"))),
                    _with_ends(numbers, "retention", "undefined: clean IoU is 0"),
                    Cell(MISSING, tooltip="at none of the severities")
                    if math.isnan(half)
                    else Cell(f"{half:.0f}", value=half),
                )
            )
    return Table(
        "IoU of each class in percent: clean, over the suite, the change in percentage points, and "
        f"the share that is kept. Ranges are 95 % intervals {comparison.covers}. Classes are in "
        "the order of the share kept, the mean over the models, lowest first.",
        (
            Head("model"),
            Head("class"),
            Head("category", tooltip="category of the class in the dataset"),
            Head("clean"),
            Head("suite", tooltip=HEADINGS["suite"][1]),
            Head("change"),
            Head("kept", tooltip="suite / clean"),
            Head(
                "half lost at",
                tooltip="lowest severity at which the mean over all corruptions is below half of "
                "the clean IoU",
            ),
        ),
        tuple(rows),
        stub=3,
    )


def frame_table(comparison: ComparisonData) -> Table:
    """Return a table with a row for each model on the frames that lost most."""
    rows = []
    for frame in comparison.lost_most(FRAMES):
        for model in comparison.models:
            (numbers,) = comparison.frames.loc[[(model, frame)]].to_dict("records")
            rows.append(
                (
                    Cell(frame),
                    Cell(model),
                    score(float(numbers["clean"])),
                    score(float(numbers["suite"])),
                    change(float(numbers["change"])),
                    Cell(corruption_name(str(numbers["worst"]))),
                    score(float(numbers["worst_miou"])),
                )
            )
    return Table(
        f"The {count(len(comparison.lost_most(FRAMES)), 'frame')} that lost most in the mean over "
        "the models: mIoU in percent of each frame alone, over the classes that it shows. A single "
        "image has no interval, and no score is a mean of these numbers.",
        (
            Head("frame"),
            Head("model"),
            Head("clean"),
            Head("suite", tooltip=HEADINGS["suite"][1]),
            Head("change", tooltip="percentage points"),
            Head("lowest under"),
            Head("mIoU there"),
        ),
        tuple(rows),
        stub=2,
    )


def _with_ends(numbers: pd.Series[float], name: str, why_missing: str = NOT_MEASURED) -> Cell:
    value, low, high = (float(numbers[column]) for column in _triple(name))
    return score(value, why_missing=why_missing, ends=(low, high))


def _triple(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _counted(comparison: ComparisonData) -> str:
    ranges = counted_by_category(comparison)
    listed = ", ".join(f"{severities} of {category}" for category, severities in ranges.items())
    return f"Severities that count: {listed}."


def counted_by_category(comparison: ComparisonData) -> Mapping[str, str]:
    """Return the severities that count in each category, in words."""
    found = {}
    for category in comparison.categories:
        ranges = {
            short_name(name, category): severity_range(comparison.counted[name])
            for name in comparison.corruptions(category)
        }
        each = ", ".join(f"{name} {severities}" for name, severities in ranges.items())
        found[category] = common(ranges.values()) or each
    return found
