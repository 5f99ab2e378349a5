"""The tables of a comparison that break its losses down: by severity and by class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ...reports.table import Cell, Head, Table
from ...reports.text import MISSING
from .. import tables
from ..tables import HEADINGS, change, score
from ..words import NOT_MEASURED, common, severity_range, short_name
from .description import ComparisonData


def curves_table(comparison: ComparisonData) -> Table:
    """Return the numbers of the curves: a row for each category and model."""
    pairs = [(model, category) for category in comparison.categories for model in comparison.models]
    found = comparison.curves.apply(lambda frame: frame.loc[pairs].swaplevel())
    counted = ", ".join(
        f"{severities} of {category}"
        for category, severities in counted_by_category(comparison).items()
    )
    severities = (Head(f"severity {severity:g}") for severity in found.value.columns)
    table = tables.frame_table(
        found.value,
        "mIoU in percent at each severity, the mean over the corruptions of the category. "
        f"Severities that count: {counted}.",
        columns=(Head("category"), Head("model"), *severities),
    )
    return tables.with_intervals(table, found, comparison.covers)


def class_table(comparison: ComparisonData) -> Table:
    """Return a table with a row for each model and class; classes lost first come first."""
    categories = {info.name: info.category for info in comparison.class_infos}
    pairs = [(model, name) for model in comparison.models for name in comparison.lost_first()]
    found = comparison.classes.loc[pairs].astype(float)
    rows = []
    for (model, name), numbers in zip(pairs, found.to_dict("records"), strict=True):
        clean, suite, moved, kept = (
            [numbers[f"{loss}{end}"] for end in ("", "_low", "_high")]
            for loss in ("clean", "suite", "change", "retention")
        )
        rows.append(
            (
                *(Cell(model), Cell(name), Cell(categories.get(name, ""))),
                *(_with_ends(clean), _with_ends(suite), change(*moved)),
                _with_ends(kept, why_missing="undefined: clean IoU is 0"),
                _severity(numbers["half_lost_at"]),
            )
        )
    ranges = f"Ranges are 95 % intervals {comparison.covers}. " * comparison.has_intervals
    return Table(
        "IoU of each class in percent: clean, over the suite, the change in percentage points, and "
        f"the share that is kept. {ranges}Classes are in the order of the share kept, the mean "
        "over the models, lowest first.",
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


def _with_ends(numbers: Sequence[float], why_missing: str = NOT_MEASURED) -> Cell:
    value, low, high = numbers
    return score(value, why_missing=why_missing, ends=(low, high))


def _severity(value: float) -> Cell:
    if math.isnan(value):
        return Cell(MISSING, tooltip="at none of the severities")
    return Cell(f"{value:g}", value=value)


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
