"""The sections of a comparison's report, each a function; None where it does not apply."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reports import Page
from reports.document import Part, Plot, Plots, Section, file_name

from .. import examples
from ..document import meanings
from ..sections import NOT_MEASURED_HERE
from . import breakdowns, figures, tables
from .description import ComparisonData

MEANINGS: tuple[tuple[str, str], ...] = (
    *meanings({"suite"}),
    (
        "CD and rCD",
        "divide a model's error, and its loss from its own clean score, by those of a reference, "
        "corruption by corruption.",
    ),
    (
        "The interval of a difference",
        "resamples the images for both models together. A difference may be certain although the "
        "intervals of the two scores overlap.",
    ),
)


def document(comparison: ComparisonData) -> Page:
    """Return the document of a comparison."""
    built = (build(comparison) for build in SECTIONS)
    return Page(
        title=comparison.title,
        subtitle=comparison.subtitle,
        stamps=comparison.stamps,
        notes=comparison.notes,
        meanings=MEANINGS,
        sections=tuple(section for section in built if section),
        provenance=comparison.provenance,
        kind="ComparisonData",
    )


def summary(comparison: ComparisonData) -> Section:
    """Return the headline numbers, and the suite score against clean mIoU."""
    label = (
        "Robustness against clean accuracy: the suite score against the clean mIoU for "
        f"{', '.join(comparison.models)}. The numbers are in the table of headline numbers."
    )
    scatter = Plot(
        "scatter",
        "suite score against clean mIoU",
        label,
        partial(figures.scatter, comparison),
    )
    note = "Dashed lines join equal retention; lines at the points are 95 % intervals."
    plots = Plots("Robustness against clean accuracy", (scatter,), note)
    return Section("Summary", (tables.summary_table(comparison), plots))


def by_corruption(comparison: ComparisonData) -> Section:
    """Return the score of each corruption."""
    return Section("By corruption", (tables.suite_table(comparison),), terminal=False)


def published_numbers(comparison: ComparisonData) -> Section | None:
    """Return the rows that others printed."""
    found = tables.published_tables(comparison)
    if not found:
        return None
    note = f"{NOT_MEASURED_HERE} {comparison.published_note}"
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
    plots = Plots("Differences at a glance", (plot,), note)
    return Section("Differences", (tables.differences_table(comparison), plots))


def degradation(comparison: ComparisonData) -> Section:
    """Return CD and rCD."""
    found = tuple(tables.degradation_table(comparison, measure) for measure in ("CD", "rCD"))
    return Section("Degradation against the reference", found)


def ranks(comparison: ComparisonData) -> Section | None:
    """Return the rank of each model by each score."""
    if len(comparison.models) == 1:
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
                f"{category}: mIoU in percent, mean over its corruptions; counted: "
                f"{counted[category]}",
                f"Severity curves, {category}: mIoU in percent against severity for "
                f"{', '.join(comparison.models)}. The numbers are in the table of severities.",
                partial(figures.curves, comparison, category),
            )
            for category in comparison.categories
        )
        parts.insert(0, Plots("Curves by category", plots, "Bands are 95 % intervals."))
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
    plots = Plots("Lost first", (plot,), note)
    return Section("By class", (plots, breakdowns.class_table(comparison)), terminal=False)


def worst_frames(comparison: ComparisonData) -> Section | None:
    """Return the frames that lost most."""
    if not comparison.lost_most(breakdowns.FRAMES):
        return None
    table = breakdowns.frame_table(comparison)
    return Section("Frames that lost most", (table,), terminal=False)


def settings(comparison: ComparisonData) -> Section:
    """Return how each model was run."""
    return Section("Settings", (tables.settings_table(comparison),), terminal=False)


def example_frames(comparison: ComparisonData) -> Section | None:
    """Return the example frames."""
    return examples.section(comparison.examples, comparison.class_infos)


SECTIONS: tuple[Callable[[ComparisonData], Section | None], ...] = (
    summary,
    by_corruption,
    published_numbers,
    differences,
    degradation,
    ranks,
    by_severity,
    by_class,
    worst_frames,
    settings,
    example_frames,
)
"""The sections in their order."""
