"""What stands in a comparison and in which order: from its description to a `Document`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..document import Document, Gallery, Plot, Plots, Section, example_groups, file_name
from ..table import Cell
from . import figures, losses, tables
from .description import Comparison

MEANINGS: tuple[tuple[str, str], ...] = (
    (
        "mIoU",
        "is the mean over the classes of intersection over union, taken from one confusion matrix "
        "summed over all images, the same images and classes for all models here.",
    ),
    (
        "The suite score",
        "is the plain mean over the corruptions, where the score of a corruption is its mean mIoU "
        "over the severities that count; retention is suite score divided by clean mIoU.",
    ),
    (
        "mPC",
        "is the mean over all severities of the corruptions, whether they count or not, and rPC "
        "is mPC divided by clean mIoU.",
    ),
    (
        "CD and rCD",
        "weigh a model's error, and its loss against its own clean score, by those of a reference, "
        "corruption by corruption.",
    ),
    (
        "A difference",
        "is told with an interval over resamples of the images in which both models meet the same "
        "images: it may be certain where the intervals of the two scores overlap.",
    ),
    ("An en dash", "stands for what is not known; all scores are in percent."),
)


def document(comparison: Comparison) -> Document:
    """Return the sections of a comparison."""
    return Document(
        title=comparison.title,
        subtitle=comparison.subtitle,
        stamps=comparison.stamps,
        notes=comparison.notes,
        meanings=MEANINGS,
        headlines=_headlines(comparison),
        sections=tuple(_sections(comparison)),
        provenance=comparison.provenance,
    )


def _headlines(comparison: Comparison) -> dict[str, dict[str, Cell]]:
    labels = ["clean", "suite score", "retention"]
    table = tables.summary_table(comparison)
    places = {name: place for place, name in enumerate(comparison.summary.value.columns, start=1)}
    return {row[0].text: {name: row[places[name]] for name in labels} for row in table.rows}


def _sections(comparison: Comparison) -> Iterator[Section]:
    yield Section("Summary", (tables.summary_table(comparison), _scatter(comparison)))
    yield Section("By corruption", (tables.suite_table(comparison),))
    others = tables.published_tables(comparison)
    if others:
        note = f"Not measured here. {comparison.published_note}"
        yield Section("Published numbers", (note, *others), foreign=True)
    if len(comparison.differences):
        yield Section(
            "Differences", (tables.differences_table(comparison), _differences(comparison))
        )
    yield Section(
        "Degradation against the reference",
        tuple(tables.degradation_table(comparison, measure) for measure in ("CD", "rCD")),
    )
    if len(comparison.models) > 1:
        yield Section("Ranks", (tables.ranks_table(comparison),))
    yield Section("By severity", (*_curves(comparison), losses.curves_table(comparison)))
    yield Section("By class", (_classes(comparison), losses.class_table(comparison)))
    if comparison.lost_most(losses.FRAMES):
        yield Section("Frames that lost most", (losses.frame_table(comparison),))
    yield Section("How they were run", (tables.settings_table(comparison),))
    groups = example_groups(comparison.examples)
    if groups:
        yield Section("Example frames", (Gallery(groups, comparison.legend),))


def _scatter(comparison: Comparison) -> Plots:
    label = (
        "Robustness against clean accuracy: the suite score against the clean mIoU for "
        f"{', '.join(comparison.models)}. The numbers are in the table of headline numbers."
    )
    plot = Plot(
        "scatter",
        "suite score against clean mIoU",
        label,
        partial(figures.scatter, comparison),
    )
    note = "Dashed lines are of equal retention; lines at the points are 95 % intervals."
    return Plots("Robustness against clean accuracy", (plot,), note)


def _differences(comparison: Comparison) -> Plots:
    plot = Plot(
        "differences",
        f"difference from {comparison.baseline}, in percentage points",
        f"Differences from {comparison.baseline} with their intervals, score by score. The numbers "
        "are in the table of differences.",
        partial(figures.differences, comparison),
    )
    note = "Where the line of an interval crosses 0, the images do not tell the two apart."
    return Plots("Differences at a glance", (plot,), note)


def _curves(comparison: Comparison) -> tuple[Plots, ...]:
    if len(comparison.curves.value.columns) < 2:
        return ()
    counted = losses.counted_by_category(comparison)
    plots = tuple(
        Plot(
            file_name("curves", category),
            f"{category}: mIoU in percent, mean over its corruptions; counted: {counted[category]}",
            f"Severity curves, {category}: mIoU in percent against severity for "
            f"{', '.join(comparison.models)}. The numbers are in the table of severities.",
            partial(figures.curves, comparison, category),
        )
        for category in comparison.categories
    )
    return (Plots("Curves by category", plots, "Bands are 95 % intervals."),)


def _classes(comparison: Comparison) -> Plots:
    first = ", ".join(comparison.lost_first()[:3])
    plot = Plot(
        "classes",
        "share of the clean IoU that is kept, by class",
        f"Share of the clean IoU that is kept of each class. Lost first: {first}. The numbers are "
        "in the table of classes.",
        partial(figures.classes, comparison),
    )
    note = f"Lost first, in the mean over the models: {first}."
    return Plots("What is lost first", (plot,), note)
