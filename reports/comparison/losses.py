"""The tables of what is lost in a comparison: by severity, by class, by frame."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ..table import Cell, Head, Table
from ..tables import HEADINGS, score
from ..text import MISSING, NOT_MEASURED, corruption_name, severity_range, short_name
from .description import Comparison
from .tables import change

FRAMES = 10
"""How many of the frames that lost most are shown."""


def curves_table(comparison: Comparison) -> Table:
    """Set (category, model) as rows, severities as columns: the numbers of the curves."""
    found = comparison.curves
    severities = [str(severity) for severity in found.value.columns]
    rows = []
    for category in comparison.categories:
        for model in comparison.models:
            own = [
                frame.loc[[(model, category)]].to_numpy(float)[0].tolist()
                for frame in (found.value, found.low, found.high)
            ]
            cells = [score(value, ends=(low, high)) for value, low, high in zip(*own, strict=True)]
            rows.append((Cell(category), Cell(model), *cells))
    return Table(
        "mIoU in percent at each severity, the mean over the corruptions of the category, with 95 "
        f"% intervals {comparison.covers}. {_counted(comparison)}",
        (
            Head("category"),
            Head("model"),
            *(Head(f"severity {severity}") for severity in severities),
        ),
        tuple(rows),
        stub=2,
    )


def class_table(comparison: Comparison) -> Table:
    """Set (model, class) as rows, that of which the least is kept first."""
    order = comparison.lost_first()
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
                    Cell(comparison.class_categories.get(name, "")),
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
        "the share that is kept, with 95 % intervals "
        f"{comparison.covers}. Classes come in the order in which they are lost, the mean over the "
        "models.",
        (
            Head("model"),
            Head("class"),
            Head("category", tooltip="of classes, as the dataset has it"),
            Head("clean"),
            Head("suite", tooltip=HEADINGS["suite"][1]),
            Head("change"),
            Head("kept", tooltip="suite / clean"),
            Head(
                "half lost at",
                tooltip="the lowest severity at which the mean over all corruptions is under half "
                "of the clean IoU",
            ),
        ),
        tuple(rows),
        stub=3,
    )


def frame_table(comparison: Comparison) -> Table:
    """Set (frame, model) as rows for the frames that lost most."""
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
        f"The {len(comparison.lost_most(FRAMES))} frames that lost most in the mean over the "
        "models: mIoU in percent of each frame alone, over the classes that it shows, without "
        "intervals, for it is one image. These order the frames; no score is a mean of them.",
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


def _counted(comparison: Comparison) -> str:
    ranges = counted_by_category(comparison)
    told = ", ".join(f"{text} of {category}" for category, text in ranges.items())
    return f"Severities that count: {told}."


def counted_by_category(comparison: Comparison) -> Mapping[str, str]:
    """Return the severities that count of each category, in words."""
    found = {}
    for category in comparison.categories:
        ranges = {
            short_name(name, category): severity_range(comparison.counted[name])
            for name in comparison.corruptions(category)
        }
        alike = len(set(ranges.values())) == 1
        parts = ranges.values() if alike else (f"{name} {text}" for name, text in ranges.items())
        found[category] = next(iter(parts)) if alike else ", ".join(parts)
    return found
