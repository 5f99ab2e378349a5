"""The sections of a comparison's report, each a function from its numbers.

To add one, write a function and its line in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ...reports.document import Fold, Part, Plot, Plots, Section, file_name
from .. import citations, estimates, examples, frames
from ..ahead import drawn_ahead
from ..half_retention import half_table
from ..measures import metric
from ..model_figures import category_curves
from ..published import DAGGER
from ..sections import NOT_MEASURED_HERE
from . import breakdowns, figures, tables
from .description import ComparisonData

_FRAMES = 10
"""Number of frames shown among those that lost most."""


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


def degradation(comparison: ComparisonData) -> Section:
    """Return CD and rCD, against the errors of the reference."""
    by_measure = tuple(tables.degradation_table(comparison, each) for each in ("CD", "rCD"))
    return Section("Degradation against the reference", by_measure)


def ranks(comparison: ComparisonData) -> Section | None:
    """Return the ranks of several models."""
    if len(comparison.models) < 2:
        return None
    return Section("Ranks", (tables.ranks_table(comparison),), terminal=False)


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


def lost_most(comparison: ComparisonData) -> Section | None:
    """Return the frames that lost most."""
    return frames.section(comparison.frames, comparison.models, _FRAMES)


def settings(comparison: ComparisonData) -> Section:
    """Return how each model was run."""
    return Section("Settings", (tables.settings_table(comparison),), terminal=False)


def example_frames(comparison: ComparisonData) -> Section | None:
    """Return the pictures of example frames."""
    return examples.section(comparison.examples, comparison.class_infos)


def references(comparison: ComparisonData) -> Section:
    """Return the papers behind the suite, the models and the data."""
    return citations.section(comparison.cited)


SECTIONS: tuple[Callable[[ComparisonData], Section | None], ...] = (
    summary,
    by_corruption,
    published_numbers,
    differences,
    measure_differences,
    agreement,
    degradation,
    ranks,
    by_severity,
    by_class,
    lost_most,
    settings,
    example_frames,
    references,
)
"""The sections in their order; None where one does not apply."""


def sections(comparison: ComparisonData) -> Iterator[Section]:
    """Yield the sections that apply to a comparison."""
    for build in SECTIONS:
        if (section := build(comparison)) is not None:
            yield drawn_ahead(estimates.marked(section, comparison.mark))
