"""A report as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from .. import contents, parts, resolution
from ..comparison import contents as comparison_contents
from ..comparison import page as comparison_page
from ..comparison.description import Comparison
from ..document import Plot, example_groups, split_stamp
from ..report import Page, Report, ResolutionReport
from ..style import score_colors
from ..svg import inline_svg
from ..text import percent


@dataclass(frozen=True)
class ModelSection:
    """The figures and the table of one model."""

    model: str
    clean: str
    heat_map: Markup
    curves: tuple[tuple[str, Markup], ...]
    classes: Markup


def render(report: Page) -> str:
    """Return the page of a report. The same report gives the same bytes."""
    script = parts.asset("report.js")
    if isinstance(report, Comparison):
        template, context = "comparison.html", comparison_page.context(report)
        meanings, caveat = comparison_contents.MEANINGS, ""
    elif isinstance(report, ResolutionReport):
        template, context = "resolution.html", resolution.context(report)
        meanings, caveat = contents.RESOLUTION_MEANINGS, contents.OTHER_ENCODER
    else:
        assert isinstance(report, Report)
        template, context = "report.html", _context(report)
        meanings, caveat = contents.MEANINGS, contents.OTHER_PROTOCOL
    return (
        parts.environment()
        .get_template(template)
        .render(
            report=report,
            stamps=[split_stamp(stamp) for stamp in report.stamps],
            css=parts.asset("report.css"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            groups=example_groups(report.examples),
            meanings=meanings,
            caveat=caveat,
            **context,
        )
        + "\n"
    )


def _context(report: Report) -> dict[str, object]:
    return {
        "cards": _cards(report),
        "summary": parts.table(contents.summary(report), "summary-table"),
        "suite": parts.table(contents.suite(report), "suite-table"),
        "severities": parts.table(contents.severities(report), "severity-table"),
        "sections": _model_sections(report),
        "scale": _scale(report),
        "published": _published(report),
    }


def _cards(report: Report) -> list[Markup]:
    return [
        parts.card_html(parts.card(str(model), numbers, report.categories, report.intervals))
        for model, numbers in report.summary.iterrows()
    ]


def _model_sections(report: Report) -> list[ModelSection]:
    sections = []
    highest = contents.highest_score(report)
    for number, model in enumerate(report.models, start=1):
        heat_map = contents.heat_map(report, model, highest, number)
        curves = tuple(
            (
                category,
                _drawn(
                    contents.severity_curves(report, model, category, highest, number),
                    f"curves-{number}-{place}",
                ),
            )
            for place, category in enumerate(report.categories, start=1)
        )
        section = ModelSection(
            model=model,
            clean=percent(report.clean(model)),
            heat_map=_drawn(heat_map, f"heat-map-{number}"),
            curves=curves,
            classes=parts.table(contents.classes(report, model), f"classes-{number}"),
        )
        sections.append(section)
    return sections


def _drawn(plot: Plot, name: str) -> Markup:
    return inline_svg(plot.draw(), name, plot.label)


def _scale(report: Report) -> dict[str, str]:
    """Describe the colours of the heat maps: a CSS gradient, and the score at its end."""
    colors = score_colors()
    stops = [
        "#" + "".join(f"{round(255 * channel):02x}" for channel in colors(step / 8)[:3])
        for step in range(9)
    ]
    return {"gradient": ", ".join(stops), "highest": percent(contents.highest_score(report))}


def _published(report: Report) -> dict[str, Markup] | None:
    """Write the tables of published numbers; None where they are of another suite."""
    others = contents.published_tables(report)
    if not others:
        return None
    table5, means = others
    return {
        "table5": parts.table(table5, "published-table5"),
        "means": parts.table(means, "published-means"),
    }
