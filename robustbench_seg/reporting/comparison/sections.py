"""The sections of a comparison's report."""

from __future__ import annotations

from functools import partial

from ...reports.document import Fold, Part, Plot, Plots, Section, file_name
from .. import citations, estimates, examples, frames
from ..half_retention import half_table
from ..measures import metric
from ..model_figures import category_curves
from ..published import DAGGER
from ..sections import NOT_MEASURED_HERE
from . import breakdowns, figures, tables
from .description import ComparisonData

_FRAMES = 10
"""Number of frames shown among those that lost most."""


def sections(comparison: ComparisonData) -> tuple[Section, ...]:
    """Return the sections that apply to a comparison, in their order."""
    by_measure = tuple(tables.degradation_table(comparison, each) for each in ("CD", "rCD"))
    found = (
        summary(comparison),
        by_corruption(comparison),
        published_numbers(comparison),
        differences(comparison),
        measure_differences(comparison),
        agreement(comparison),
        Section("Degradation against the reference", by_measure),
        Section("Ranks", (tables.ranks_table(comparison),), terminal=False)
        if len(comparison.models) > 1
        else None,
        by_severity(comparison),
        by_class(comparison),
        frames.section(comparison.frames, comparison.models, _FRAMES),
        Section("Settings", (tables.settings_table(comparison),), terminal=False),
        examples.section(comparison.examples, comparison.class_infos),
        citations.section(comparison.cited),
    )
    sections = filter(None, found)
    return tuple(estimates.marked(each, comparison.mark) for each in sections)


def summary(comparison: ComparisonData) -> Section:
    """Return the headline numbers, and the suite score against clean mIoU."""
    label = (
        "Robustness against clean accuracy: the suite score against the clean mIoU for "
        f"{', '.join(comparison.models)}. The numbers are in the table of headline numbers."
    )
    scatter = Plot(
        "scatter", "suite score against clean mIoU", label, partial(figures.scatter, comparison)
    )
    note = "Dashed lines join equal retention"
    note += "; lines at the points are 95 % intervals." if comparison.has_intervals else "."
    plots = Plots("Robustness against clean accuracy", (scatter,), note)
    return Section("Summary", (plots, tables.summary_table(comparison)))


def by_corruption(comparison: ComparisonData) -> Section:
    """Return the score of each corruption, with published rows below those of the runs."""
    parts: list[Part] = [tables.suite_table(comparison)]
    for item in comparison.printed:
        parts.append(f"{DAGGER} {NOT_MEASURED_HERE} {item.caption} {comparison.published_note}")
    return Section("By corruption", tuple(parts), terminal=False)


def published_numbers(comparison: ComparisonData) -> Section | None:
    """Return the published numbers that are not in the suite table."""
    found = tables.published_tables(comparison)
    if not found:
        return None
    note = NOT_MEASURED_HERE
    if not comparison.printed:  # else it stands below the suite table
        note += f" {comparison.published_note}"
    return Section("Published numbers", (note, *found), foreign=True, terminal=False)


def differences(comparison: ComparisonData) -> Section | None:
    """Return the differences of the models from the baseline."""
    if not len(comparison.differences):
        return None
    plot = Plot(
        "differences",
        f"difference from {comparison.baseline}, in percentage points",
        f"Differences from {comparison.baseline} with their intervals, score by score. The numbers "
        "are in the table of differences.",
        partial(figures.differences, comparison),
    )
    note = "Where an interval contains 0, these images do not show which model is better."
    note = note if comparison.has_intervals else ""
    plots = Plots("Differences at a glance", (plot,), note, columns=1)
    return Section("Differences", (plots, tables.differences_table(comparison)))


def measure_differences(comparison: ComparisonData) -> Section | None:
    """Return the differences of what is measured beside mIoU."""
    metrics = dict.fromkeys(comparison.measure_differences.index.get_level_values("metric"))
    if not metrics:
        return None
    folds = (
        Fold(
            metric(name).title,
            (
                f"{metric(name).title}: {metric(name).meaning}.",
                tables.measure_table(comparison, name),
            ),
        )
        for name in map(str, metrics)
    )
    return Section("Differences of other measures", tuple(folds), short="Measures", terminal=False)


def agreement(comparison: ComparisonData) -> Section | None:
    """Return the share of pixels that models label as the baseline does."""
    if not len(comparison.agreement):
        return None
    return Section("Agreement", tables.agreement_tables(comparison))


def by_severity(comparison: ComparisonData) -> Section:
    """Return the curves of each category against the severity."""
    parts: list[Part] = [breakdowns.curves_table(comparison)]
    if len(comparison.curves.value.columns) > 1:
        counted = breakdowns.counted_by_category(comparison)
        plots = tuple(
            Plot(
                file_name("curves", category),
                f"{category}: mIoU in percent, mean over its corruptions; severities that count: "
                f"{counted[category]}",
                f"Severity curves, {category}: mIoU in percent against severity for "
                f"{', '.join(comparison.models)}. The numbers are in the table of severities.",
                partial(
                    category_curves,
                    *(comparison.curves, comparison.summary, category),
                    comparison.counted_of(category),
                ),
            )
            for category in comparison.categories
        )
        note = "Bands are 95 % intervals." if comparison.has_intervals else ""
        parts.insert(0, Plots("Curves by category", plots, note))
    if not comparison.half_retention.empty:
        severities = [float(severity) for severity in comparison.curves.value.columns]
        halves = comparison.half_retention.reset_index()
        parts.append(half_table(halves, severities, comparison.covers))
    return Section("By severity", tuple(parts), terminal=False)


def by_class(comparison: ComparisonData) -> Section:
    """Return the classes in the order in which they are lost."""
    first = ", ".join(comparison.lost_first()[:3])
    plot = Plot(
        "classes",
        "share of the clean IoU that each class keeps",
        f"Share of the clean IoU that each class keeps. Lost first: {first}. The numbers are in "
        "the table of classes.",
        partial(figures.classes, comparison),
    )
    note = f"Lost first, in the mean over the models: {first}."
    plots = Plots("Lost first", (plot,), note, columns=1)
    return Section("By class", (plots, breakdowns.class_table(comparison)), terminal=False)
