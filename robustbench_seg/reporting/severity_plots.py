"""The figures of the scores at every severity: curves on shared axes, and heat maps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd

from ..reports.document import Plot, Plots, file_name
from ..reports.text import percent
from . import figures
from .intervals import IntervalTable, curves_by_category
from .model_figures import category_curves
from .report import Report
from .words import corruption_name, severity_range

BANDS = "Bands are 95 % intervals."


def plots(report: Report, severities: IntervalTable) -> tuple[Plots, ...]:
    """Return the curves of all models and their heat maps; of a single model side by side.

    `severities` is the table of that name.
    """
    maps = heat_maps(report)
    if len(maps) > 1:
        curves = tuple(_curves_of_models(report))
        note = f"Means over the corruptions of a category. {_bands(severities)}"
        return (
            Plots("Curves by category", curves, note.strip()),
            Plots("Heat maps", maps, "mIoU in percent, corruption \u00d7 severity."),
        )
    (model,), (heat_map,) = report.models, maps
    found = severities.rows([model]).apply(lambda frame: frame.droplevel("model"))
    curves = tuple(_curves_of_corruptions(report, found, model))
    aside = f"clean {percent(_clean(report, model))}"
    return (Plots(model, (heat_map, *curves), _bands(severities), aside=aside, lead=True),)


def _bands(found: IntervalTable) -> str:
    return BANDS if found.low.notna().any(axis=None) else ""


def _clean(report: Report, model: str) -> float:
    return float(report.table("summary")["clean"].astype(float)[model])


def heat_maps(report: Report) -> tuple[Plot, ...]:
    """Return the heat map of each model; all have the same colours."""
    found = report.table("severities")
    return tuple(
        _heat_map(report, found.loc[[model]].droplevel("model"), model, number)
        for number, model in enumerate(report.models, start=1)
    )


def _heat_map(report: Report, scores: pd.DataFrame, model: str, number: int) -> Plot:
    several = len(report.models) > 1
    clean = f"{model}: clean {percent(_clean(report, model))}"
    return Plot(
        name=file_name("heat-map", number, model),
        caption=clean if several else "mIoU in percent, corruption \u00d7 severity",
        label=f"Heat map of {model}: mIoU in percent for {len(scores)} corruptions at severities "
        f"{severity_range(map(float, scores.columns))}. The numbers are in the table of all "
        "severities.",
        draw=partial(figures.heat_map, scores, report.counted, report.highest),
    )


def _curves_of_models(report: Report) -> Iterator[Plot]:
    """Yield a plot for each category, with a line for each model."""
    policy = report.spec.suite.policy
    if policy is None:
        return
    resampled = dict(zip(report.models, report.run.bootstraps.values(), strict=True))
    found, summary = curves_by_category(resampled, policy), report.with_intervals("summary")
    for category in policy.categories:
        members = [each for each in policy.columns if each.category == category]
        names = ", ".join(corruption_name(each.corruption) for each in members)
        counts = {severity for each in members for severity in each.counted}
        yield Plot(
            name=file_name("curves", category),
            caption=f"{category}: mIoU in percent",
            label=f"Severity curves, {category}: mIoU in percent against severity for "
            f"{', '.join(report.models)}, the mean over {names}.",
            draw=partial(category_curves, found, summary, category, counts),
        )


def _curves_of_corruptions(report: Report, found: IntervalTable, model: str) -> Iterator[Plot]:
    """Yield a plot for each category, with a line for each corruption."""
    clean = _clean(report, model)
    for category, rows in found.value.groupby(level="category", sort=False):
        own = found.rows(rows.index).apply(lambda frame: frame.droplevel("category"))
        names = ", ".join(corruption_name(str(corruption)) for corruption in own.value.index)
        yield Plot(
            name=file_name("curves", 1, model, category),
            caption=f"{category}: mIoU in percent",
            label=f"Severity curves of {model}, {category}: mIoU in percent against severity "
            f"for {names}; clean {percent(clean)}.",
            draw=partial(
                figures.severity_curves,
                *(own, report.counted, str(category), clean, report.highest),
            ),
        )
