"""The sections of a run's report, each a function from the report; None where it does not apply.

To add one, write a function and its line in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pandas as pd

from ..reports.document import (
    Card,
    Cards,
    Fold,
    Key,
    KeyEntry,
    OpenPart,
    Part,
    Plot,
    Plots,
    Section,
    file_name,
)
from ..reports.style import SCORE_COLORS
from ..reports.table import Table
from ..reports.text import percent
from . import (
    boundaries,
    citations,
    confidence,
    confusions,
    estimates,
    examples,
    frames,
    half_retention,
    published,
    region,
    resolution,
    severity_plots,
    tables,
    worst_case,
)
from .ahead import drawn_ahead
from .input_scale import condition_input, rescaled
from .intervals import IntervalTable
from .measures import headline_lines
from .report import Report
from .words import common

_OPEN_ROWS = 200
"""Most rows of a table of classes that is open from the start."""
NOT_MEASURED_HERE = "Not measured here."


def summary(report: Report) -> Section | None:
    """Return the headline numbers: a card for each model, and the same as a table."""
    if "resolution" in report.tables:
        return None  # that table has the same numbers
    found = report.with_intervals("summary")
    table = tables.headline_table(found.value, "summary-table")
    table = _finished(table, found, report)
    folded: list[OpenPart] = [table]
    deviations = report.interval_column("summary", "sd_over_draws")
    if deviations.notna().any(axis=None):
        caption = "Standard deviation of the headline numbers over the random draws, in points."
        folded.append(tables.frame_table(deviations, caption, tables.deviation, name="draws-table"))
    return Section("Summary", (_cards(report, table), Fold("As a table", tuple(folded))))


def _cards(report: Report, table: Table) -> Cards:
    """Return the rows of the summary table as cards."""
    names = [str(name) for name in report.table("summary").columns]
    heads = dict(zip(names, (head.text for head in table.columns[1:]), strict=True))
    policy = report.spec.suite.policy
    categories = policy.categories if policy else ()
    large = {"clean": "clean mIoU", "suite score": "suite score", "retention": "retention"}
    small = [name for name in names if name not in (*large, *categories)]
    known = any(cell.interval for row in table.rows for cell in row)
    note = "The marks on the bars are clean mIoU." if categories else ""
    if known:
        note = f"Small numbers and lines are 95 % intervals {report.covers}. {note}".strip()
    cards, beside = [], "measures" in report.tables
    for title, *cells in table.rows:
        by_name = dict(zip(names, cells, strict=True))
        headline = ((label, by_name[name]) for name, label in large.items() if name in by_name)
        bars, further = (
            tuple((heads[name], by_name[name]) for name in chosen if name in by_name)
            for chosen in (categories, small)
        )
        measured = headline_lines(report.table("measures"), title.text) if beside else ()
        further = (*further, *measured)
        reference = by_name.get("clean")
        cards.append(Card(title.text, tuple(headline), bars, further, note, reference))
    return Cards(tuple(cards))


def by_resolution(report: Report) -> Section | None:
    """Return the scores by scale and window, and their curves."""
    spec, table, axis = report.spec, report.table("resolution"), report.spec.suite.curves
    if axis is None:
        return None
    unit, against = axis
    inputs = {
        report.names[model.name]: {c.name: condition_input(spec, model, c) for c in spec.conditions}
        for model in spec.models
    }
    numbers = resolution.resolution_table(table, against, inputs, report.covers, "resolution-table")
    captions = {
        resolution.MIOU: "mIoU in percent",
        resolution.CHANGE: f"change from {against}, in points",
    }
    curves = tuple(
        Plot(
            name=file_name("curves", column),
            caption=caption,
            label=f"Curves of {', '.join(report.models)}: {caption} against the {unit}. The "
            "numbers are in the table by condition.",
            draw=partial(resolution.curves, table, unit, column),
        )
        for column, caption in captions.items()
    )
    return Section("By resolution", (Plots("", curves, columns=1), numbers), short="Summary")


def by_corruption(report: Report) -> Section:
    """Return the score of each corruption, in the form of SegFormer's Table 5."""
    found = report.with_intervals("suite")
    table = tables.suite_table(found.value, report.counted, name="suite-table")
    table = _finished(table, found, report)
    if report.spec.taken:
        return Section("By condition", (table,), short="Conditions")
    return Section("By corruption", (table,), short="Corruptions")


def by_severity(report: Report) -> Section | None:
    """Return the scores at every severity: curves, heat maps and a table."""
    if report.spec.taken:
        return None  # conditions that frames were taken in have no severities
    severities = report.with_intervals("severities")
    suite = report.with_intervals("suite")
    found = IntervalTable(*map(_with_score, severities, suite))
    table = tables.severity_table(found.value, report.counted, "severity-table")
    table = _finished(table, found, report)
    key = Key(
        (
            KeyEntry("gradient", f"mIoU 0 to {percent(report.highest)} %", SCORE_COLORS),
            KeyEntry("hatched", "severity does not count"),
            KeyEntry("hollow", "the same, in the curves"),
            *([KeyEntry("dashed", "clean")] if len(report.models) == 1 else []),
        )
    )
    plots = severity_plots.plots(report, severities)
    fold = Fold("All severities as a table", (table,))
    return Section("By severity", (key, *plots, fold), short="Severities", terminal=False)


def _with_score(severities: pd.DataFrame, suite: pd.DataFrame) -> pd.DataFrame:
    corruptions = suite.drop(columns="", level="category").stack(["category", "corruption"])
    assert isinstance(corruptions, pd.Series)
    return severities.join(corruptions.rename("score"))


def by_class(report: Report) -> Section:
    """Return the IoU of the classes of each model."""
    found = report.with_intervals("classes")
    folds = []
    for number, model in enumerate(report.models, start=1):
        table = tables.class_table(found.value, model, f"classes-{number}")
        own = IntervalTable(*(frame.loc[[model]] for frame in found))
        shown = number == 1 and len(table.rows) <= _OPEN_ROWS
        table = _finished(table, own, report, model)
        if report.run.sample:
            low, high = (report.sampling_ends(end).loc[[model]] for end in ("low", "high"))
            table = estimates.without_unsure(table, low, high)
        folds.append(Fold(model, (table,), open=shown))
    return Section("By class", tuple(folds), short="Classes", terminal=False)


def sampled(report: Report) -> Section:
    """Return what was sampled of a run, and how sure its estimates are."""
    return Section("What was sampled", (estimates.sampled_table(report.run),), short="Sample")


def other_tables(report: Report) -> Section | None:
    """Return the tables that no other section shows, such as those of a new kind of suite."""
    shown = {name for _, names in SECTIONS for name in names} | {"tidy", "intervals", "sampling"}
    found = tuple(
        tables.frame_table(
            report.table(name), f"Table {name!r}.", tables.plain, name=file_name(name, "table")
        )
        for name in report.tables
        if name not in shown
    )
    return Section("Further tables", found) if found else None


def example_frames(report: Report) -> Section | None:
    """Return the example frames."""
    return examples.section(report.examples, report.spec.classes)


def published_corruptions(report: Report) -> Section | None:
    """Return published results on Cityscapes-C, where the suite has its corruptions."""
    table5 = published.segformer_table5(report.table("suite").columns)
    if table5.empty:
        return None
    caveat = (
        f"{NOT_MEASURED_HERE} Other data, severities or protocol: results on Cityscapes as their "
        "authors printed them, not comparable with a demonstration on other images."
    )
    found = (
        tables.suite_table(table5, {}, published.TABLE_5, "published-table5"),
        tables.frame_table(published.cityscapes_c_means(), published.MEANS, name="published-means"),
    )
    return _published(caveat, Fold("Show published Cityscapes-C results", found))


def published_resolutions(report: Report) -> Section:  # noqa: ARG001
    """Return published results at two resolutions."""
    caveat = (
        f"{NOT_MEASURED_HERE} Another encoder on Cityscapes: results as the authors printed them. "
        "Their two columns differ in scale and in window mode at once (the official configuration "
        "rescales frames to a short side of 768 for the first); the suite resolution-table1c "
        "takes the two apart."
    )
    cells: list[tables.CellMaker] = [tables.score, tables.score, tables.change]
    table = tables.frame_table(
        published.segformer_table1c(), published.TABLE_1C, cells, name="published-table1c"
    )
    return _published(caveat, table)


def _published(*parts: Part) -> Section:
    heading = "Published numbers, for context"
    return Section(heading, parts, short="Published", foreign=True, terminal=False)


def _finished(table: Table, found: IntervalTable, report: Report, *models: str) -> Table:
    """Add the intervals, and to the caption the input scale, unless the conditions set it."""
    table = tables.with_intervals(table, found, report.covers)
    if rescaled(report.spec):
        return table
    scales = {model: report.input_scales[model] for model in models or report.models}
    each = ", ".join(f"{model} {scale}" for model, scale in scales.items())
    words = common(scales.values()) or each
    return replace(table, caption=f"{table.caption} Input scale: {words}.")


def references(report: Report) -> Section:
    """Return the papers behind the suite, the models and the data."""
    models = [model.name for model in report.spec.models]
    return citations.section(citations.keys(models, report.spec.dataset, report.spec.suite.name))


SECTIONS: tuple[tuple[Callable[[Report], Section | None], tuple[str, ...]], ...] = (
    (summary, ("summary",)),
    (sampled, ("summary", "sampling")),
    (by_resolution, ("resolution",)),
    (by_corruption, ("suite",)),
    (region.region, ("measures", "intervals")),
    (worst_case.worst_case, ("worst",)),
    (by_severity, ("suite", "severities")),
    (region.region_by_severity, ("severities",)),
    (half_retention.half_retention, ("severities", "half_retention")),
    (boundaries.boundaries, ("measures",)),
    (by_class, ("classes",)),
    (confidence.sure_and_wrong, ("measures", "class_confidence")),
    (confusions.what_becomes_what, ("confusions",)),
    (other_tables, ()),
    (frames.lost_most, ("severities",)),
    (example_frames, ()),
    (published_corruptions, ("suite",)),
    (published_resolutions, ("resolution",)),
    (references, ()),
)
"""The sections in their order, each with the tables that a run must have for it."""


_MOST_TO_DRAW = confusions.what_becomes_what
"""The section whose figures take longest. It is made first: they are drawn beside the others."""


def sections(report: Report) -> Iterator[Section]:
    """Yield the sections that apply to a report."""
    names, mark = set(report.tables), estimates.mark(report.run)
    if not names:
        yield Section("Summary", ("Predictions failed on every frame, so there are no scores.",))
        return
    made = {}
    for build, needed in sorted(SECTIONS, key=lambda each: each[0] is not _MOST_TO_DRAW):
        if names.issuperset(needed) and (section := build(report)) is not None:
            made[build] = drawn_ahead(estimates.marked(section, mark))
    yield from (made[build] for build, _ in SECTIONS if build in made)
