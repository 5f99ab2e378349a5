"""What stands in a report and in which order: from the description of a run to a `Document`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from . import figures, published, resolution, tables
from .comparison import contents as comparison_contents
from .comparison.description import Comparison
from .document import Document, Gallery, Plot, Plots, Section, example_groups, file_name
from .report import Page, Report, ResolutionReport
from .table import Cell, Table
from .text import corruption_name, percent, severity_range

Meanings = tuple[tuple[str, str], ...]

_MIOU = (
    "mIoU",
    "is the mean over the classes of intersection over union, taken from one confusion matrix "
    "summed over all images; classes without ground truth in these frames are left out.",
)
MEANINGS: Meanings = (
    _MIOU,
    (
        "The suite score",
        "is the plain mean over the corruptions, where the score of a corruption is its mean mIoU "
        "over the severities that count.",
    ),
    ("Retention", "is the suite score divided by clean mIoU."),
    (
        "mPC",
        "is the mean over all severities of the corruptions, whether they count or not, and rPC "
        "is mPC divided by clean mIoU.",
    ),
    ("An en dash", "stands for what was not measured; all numbers are in percent."),
)
RESOLUTION_MEANINGS: Meanings = (
    _MIOU,
    (
        "Frames",
        "are rescaled before the model sees them, and its predictions are scored at the size of "
        "the labels, whatever the scale.",
    ),
    (
        "A change",
        "is an mIoU minus that of the condition named beside it, of the same model, in percentage "
        "points: a \u201cdrop of 3.3 points\u201d in a paper is a change of \u22123.3. A model "
        "that is worse at every scale has less to lose, so read changes beside the mIoU.",
    ),
)
NOT_MEASURED_HERE = "Not measured here."
OTHER_PROTOCOL = (
    "Other data, other severities or other protocol: these are results on Cityscapes as their "
    "authors printed them, and not comparable with a demonstration on other images."
)
OTHER_ENCODER = (
    "Another encoder on Cityscapes: results as the authors printed them. Their two columns differ "
    "in scale and in window mode at once (the official configuration rescales frames to a short "
    "side of 768 for the first); the suite resolution-table1c takes the two apart."
)


def document_of(report: Page) -> Document:
    """Return the sections of a report."""
    if isinstance(report, Comparison):
        return comparison_contents.document(report)
    if isinstance(report, ResolutionReport):
        return _document(report, {}, RESOLUTION_MEANINGS, tuple(_resolution_sections(report)))
    assert isinstance(report, Report)
    return _document(report, _headlines(report), MEANINGS, tuple(_sections(report)))


def _document(
    report: Page,
    headlines: dict[str, dict[str, Cell]],
    meanings: Meanings,
    sections: tuple[Section, ...],
) -> Document:
    return Document(
        title=report.title,
        subtitle=report.subtitle,
        stamps=report.stamps,
        notes=report.notes,
        meanings=meanings,
        headlines=headlines,
        sections=sections,
        provenance=report.provenance,
    )


def _headlines(report: Report) -> dict[str, dict[str, Cell]]:
    labels = {"clean": "clean mIoU", "suite score": "suite score", "retention": "retention"}
    return {
        str(model): dict(
            zip(labels.values(), tables.scores_of(numbers, report.intervals), strict=True)
        )
        for model, numbers in report.summary[list(labels)].astype(float).iterrows()
    }


def _sections(report: Report) -> Iterator[Section]:
    yield Section("Summary", (summary(report),))
    yield Section("By corruption", (suite(report),))
    yield Section("By severity", (severities(report), *model_plots(report)))
    yield Section("By class", tuple(classes(report, model) for model in report.models))
    yield from _examples(report)
    others = published_tables(report)
    if others:
        yield Section(
            "Published numbers, for context",
            (f"{NOT_MEASURED_HERE} {OTHER_PROTOCOL}", *others),
            foreign=True,
        )


def summary(report: Report) -> Table:
    """Return the headline numbers."""
    return _at_scales(tables.summary_table(report.summary, intervals=report.intervals), report)


def suite(report: Report) -> Table:
    """Return the scores by corruption in the form of SegFormer's Table 5."""
    table = tables.suite_table(report.suite_table, report.counted)
    return _at_scales(_with_ends(table, report, "suite_table"), report)


def severities(report: Report) -> Table:
    """Return the scores at every severity."""
    table = tables.severity_table(report.severity_table, report.counted)
    return _at_scales(_with_ends(table, report, "severity_table"), report)


def classes(report: Report, model: str) -> Table:
    """Return the IoU of the classes of one model."""
    table = tables.class_table(report.class_table, model)
    return _at_scales(_with_ends(table, report, "class_table", model), report, model)


def _with_ends(table: Table, report: Report, name: str, model: str | None = None) -> Table:
    """Put the intervals of a table of the report below its numbers, if they are known."""
    if name not in report.ends or report.intervals is None:
        return table
    low, high = (frame if model is None else frame.loc[[model]] for frame in report.ends[name])
    if low.isna().all(axis=None):  # one image
        return table
    caption = f"{table.caption} Below, 95 % intervals {report.intervals.covers}."
    return replace(tables.with_ends(table, low, high), caption=caption)


def _at_scales(table: Table, report: Report, *models: str) -> Table:
    """Say in the caption of a table at which scale its models see the frames."""
    scales = {model: report.input_scales.get(model) for model in models or report.models}
    told = ", ".join(f"{model} {scale}" for model, scale in scales.items() if scale)
    return replace(table, caption=f"{table.caption} Input scale: {told}.") if told else table


def _resolution_sections(report: ResolutionReport) -> Iterator[Section]:
    yield Section("By resolution", (resolution.resolution_table(report),))
    yield Section("Curves", (Plots("", resolution_plots(report), columns=1),))
    by_class = [resolution.class_table(report.class_table, model) for model in report.models]
    yield Section("By class", tuple(by_class))
    yield from _examples(report)
    published_row = resolution.table_1c()
    yield Section(
        "Published numbers, for context",
        (f"{NOT_MEASURED_HERE} {OTHER_ENCODER}", published_row),
        foreign=True,
    )


def _examples(report: Page) -> Iterator[Section]:
    groups = example_groups(report.examples)
    if groups:
        yield Section("Example frames", (Gallery(groups, report.legend),))


def model_plots(report: Report) -> tuple[Plots, ...]:
    """Return the heat map and the severity curves of each model."""
    highest = highest_score(report)
    note = (
        f"The colours run from 0 (dark) to {percent(highest)} % (light). Hatched cells and hollow "
        "marks are of severities that do not count; the dashed line is the clean mIoU."
    )
    return tuple(
        Plots(f"{model}, clean {percent(report.clean(model))}", plots, note)
        for number, model in enumerate(report.models, start=1)
        for plots in [
            (
                heat_map(report, model, highest, number),
                *(
                    severity_curves(report, model, kind, highest, number)
                    for kind in report.categories
                ),
            )
        ]
    )


def resolution_plots(report: ResolutionReport) -> tuple[Plot, ...]:
    """Return the curves of mIoU and of its change against the resolution."""
    columns = {
        resolution.MIOU: "mIoU in percent",
        resolution.CHANGE: f"change against {report.against}, in points",
    }
    return tuple(
        Plot(
            name=file_name("curves", column),
            caption=what,
            label=f"Curves of {', '.join(report.models)}: {what} against the {report.unit}. The "
            "numbers are in the table by condition.",
            draw=partial(resolution.curves, report.table, report.unit, column),
        )
        for column, what in columns.items()
    )


def highest_score(report: Report) -> float:
    """Return where the scale of all figures of a report ends."""
    return tables.highest_of(report.severity_table, report.summary[["clean"]])


def heat_map(report: Report, model: str, highest: float, number: int) -> Plot:
    """Describe the heat map of a model."""
    scores = report.severities(model)
    severities = severity_range(int(severity) for severity in scores.columns)
    return Plot(
        name=file_name("heat-map", number, model),
        caption="mIoU in percent, corruption \u00d7 severity",
        label=f"Heat map of {model}: mIoU in percent for {len(scores)} corruptions at severities "
        f"{severities}. The numbers are in the table of all severities.",
        draw=partial(figures.heat_map, scores, report.counted, highest),
    )


def severity_curves(report: Report, model: str, category: str, highest: float, number: int) -> Plot:
    """Describe the severity curves of a model in one category."""
    scores, clean = report.severities(model), report.clean(model)
    scores = scores[scores.index.get_level_values(0) == category].droplevel(0)
    names = ", ".join(corruption_name(str(corruption)) for corruption in scores.index)
    return Plot(
        name=file_name("curves", number, model, category),
        caption=f"mIoU in percent, {category}",
        label=f"Severity curves of {model}, {category}: mIoU in percent against severity for "
        f"{names}; clean {percent(clean)}.",
        draw=partial(figures.severity_curves, scores, report.counted, category, clean, highest),
    )


def published_tables(report: Report) -> tuple[Table, ...]:
    """Return the published tables of the suite of a report; none where it is another suite."""
    table5 = published.segformer_table5(report.suite_table.columns)
    if table5.empty:
        return ()
    return (
        tables.suite_table(
            table5,
            {},
            "Published: SegFormer (arXiv 2105.15203v3), Table 5, on Cityscapes; its CNN rows are "
            "quoted there from Kamann & Rother (CVPR 2020). mIoU in percent; mean and retention "
            "are computed from the printed columns.",
        ),
        tables.summary_table(
            published.cityscapes_c_means(),
            "Published: FAN with self-emerging token labeling (NVIDIA), Table 4, on Cityscapes. "
            "In percent, as printed.",
        ),
    )
