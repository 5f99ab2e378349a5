"""A report as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from . import figures, parts, published, tables
from .report import Example, Report
from .style import score_colors
from .svg import inline_svg
from .text import corruption_name, percent, severity_range


@dataclass(frozen=True)
class ModelSection:
    """The figures and the table of one model."""

    model: str
    clean: str
    heat_map: Markup
    curves: tuple[tuple[str, Markup], ...]
    classes: Markup


@dataclass(frozen=True)
class Picture:
    """An example picture with its caption and its bytes as a data URI."""

    caption: str
    source: str


@dataclass(frozen=True)
class ExampleGroup:
    """One frame under one condition, as all models saw it."""

    condition: str
    image: str
    pictures: tuple[Picture, ...]


def render(report: Report) -> str:
    """Return the page of a report. The same report gives the same bytes."""
    script = parts.asset("report.js")
    page = parts.environment().get_template("report.html")
    context = published.segformer_table5(report.suite_table.columns)
    return (
        page.render(
            report=report,
            stamps=[_split_stamp(stamp) for stamp in report.stamps],
            css=parts.asset("report.css"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            cards=_cards(report),
            summary=parts.table(tables.summary_table(report.summary), "summary-table"),
            suite=parts.table(
                tables.suite_table(report.suite_table, report.counted), "suite-table"
            ),
            severities=parts.table(
                tables.severity_table(report.severity_table, report.counted), "severity-table"
            ),
            sections=_model_sections(report),
            scale=_scale(report),
            groups=example_groups(report.examples),
            published=_published(context),
        )
        + "\n"
    )


def write(report: Report, path: Path) -> Path:
    """Write the page of a report to a file, making its folder; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), encoding="utf-8", newline="\n")
    return path


def _split_stamp(stamp: str) -> tuple[str, str]:
    word, _, rest = stamp.partition(":")
    return word.strip(), rest.strip()


def _cards(report: Report) -> list[Markup]:
    return [
        parts.card_html(parts.card(str(model), numbers, report.categories))
        for model, numbers in report.summary.iterrows()
    ]


def _highest(report: Report) -> float:
    return tables.highest_of(report.severity_table, report.summary[["clean"]])


def _model_sections(report: Report) -> list[ModelSection]:
    sections = []
    highest = _highest(report)
    for number, model in enumerate(report.models, start=1):
        scores, clean = report.severities(model), report.clean(model)
        severities = severity_range(int(severity) for severity in scores.columns)
        heat_map = inline_svg(
            figures.heat_map(scores, report.counted, highest),
            f"heat-map-{number}",
            f"Heat map of {model}: mIoU in percent for {len(scores)} corruptions at severities "
            f"{severities}. The numbers are in the table of all severities.",
        )
        curves = tuple(
            (category, _curve(report, model, category, f"curves-{number}-{place}", highest))
            for place, category in enumerate(report.categories, start=1)
        )
        classes = parts.table(tables.class_table(report.class_table, model), f"classes-{number}")
        sections.append(ModelSection(model, percent(clean), heat_map, curves, classes))
    return sections


def _curve(report: Report, model: str, category: str, name: str, highest: float) -> Markup:
    scores, clean = report.severities(model), report.clean(model)
    scores = scores[scores.index.get_level_values(0) == category].droplevel(0)
    figure = figures.severity_curves(scores, report.counted, category, clean, highest)
    names = ", ".join(corruption_name(str(corruption)) for corruption in scores.index)
    label = (
        f"Severity curves of {model}, {category}: mIoU in percent against severity for {names}; "
        f"clean {percent(clean)}."
    )
    return inline_svg(figure, name, label)


def _scale(report: Report) -> dict[str, str]:
    """Describe the colours of the heat maps: a CSS gradient, and the score at its end."""
    colors = score_colors()
    stops = [
        "#" + "".join(f"{round(255 * channel):02x}" for channel in colors(step / 8)[:3])
        for step in range(9)
    ]
    return {"gradient": ", ".join(stops), "highest": percent(_highest(report))}


def example_groups(examples: tuple[Example, ...]) -> list[ExampleGroup]:
    """Examples by frame and condition; a picture that all models share is shown once."""
    groups: dict[tuple[str, str], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.condition, example.image), []).append(example)
    result = []
    for (condition, image), members in groups.items():
        captions = dict.fromkeys(caption for example in members for caption in example.pictures)
        pictures: list[Picture] = []
        for caption in captions:
            owners = [example for example in members if caption in example.pictures]
            if len({example.pictures[caption] for example in owners}) == 1:
                pictures.append(Picture(caption, _data_uri(owners[0].pictures[caption])))
                continue
            pictures += [
                Picture(f"{caption}, {example.model}", _data_uri(example.pictures[caption]))
                for example in owners
            ]
        result.append(ExampleGroup(corruption_name(condition), image, tuple(pictures)))
    return result


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _published(context: pd.DataFrame) -> dict[str, Markup] | None:
    """Write the tables of published numbers; None where they are of another suite."""
    if context.empty:
        return None
    table5 = tables.suite_table(
        context,
        {},
        "Published: SegFormer (arXiv 2105.15203v3), Table 5, on Cityscapes; its CNN rows are "
        "quoted there from Kamann & Rother (CVPR 2020). mIoU in percent; mean and retention are "
        "computed from the printed columns.",
    )
    means = tables.summary_table(
        published.cityscapes_c_means(),
        "Published: FAN with self-emerging token labeling (NVIDIA), Table 4, on Cityscapes. "
        "In percent, as printed.",
    )
    return {
        "table5": parts.table(table5, "published-table5"),
        "means": parts.table(means, "published-means"),
    }
