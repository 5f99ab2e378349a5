"""The section on confidence: whether a model is sure where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..protocol.condition import CLEAN
from ..reports.document import Fold, Key, KeyEntry, Part, Plot, Plots, Section, file_name
from ..reports.style import MARKERS, MUTED, RC, SERIES, SURFACE, new_figure, rc_context
from ..reports.table import Cell, Head, Table
from ..scores.calibration import equal_width, reliability, risk_at
from ..scores.calibration_counts import CalibrationCounts
from ..scores.confusions import SUITE
from . import figures
from .measures import metric
from .report import Report
from .tables import change, highest_of, score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CORRUPTED = "corrupted"
_HEADING = "Confidence"
_WIDTH, _HEIGHT = 330.0, 250.0
_SHOWN = (
    "ece",
    "ece_equal_mass",
    "mce",
    "mean_confidence",
    "brier",
    "auroc",
    "fpr95",
    "aurc",
    "e_aurc",
    "accuracy_surest_80",
)
"""Metrics in the table."""


def sure_and_wrong(report: Report) -> Section | None:
    """Return the scores of confidences, reliability and risk-coverage curves, and ECE heat maps."""
    counts = {
        report.names[model]: each
        for model, own in report.run.measured.items()
        for each in own
        if isinstance(each, CalibrationCounts)
    }
    if not counts:
        return None
    without = [model for model, each in counts.items() if not each.bins.counts.any()]
    parts: list[Part] = []
    if without:
        parts.append(f"No confidences, because the model gives labels alone: {', '.join(without)}.")
    if len(without) < len(counts):
        entries = (
            KeyEntry("line", CLEAN.name, (SERIES[0],)),
            KeyEntry("line", f"{CORRUPTED}: all conditions that count", (SERIES[1],)),
            KeyEntry("dashed", "confidence = accuracy"),
        )
        parts.append(Key(entries))
    for number, (model, own) in enumerate(counts.items(), start=1):
        if model not in without:
            parts.append(Plots(model, tuple(_plots(report, model, own, number))))
    if len(without) < len(counts):
        parts.append(_table(report, without))
    if not (classes := report.table("class_confidence")).empty:
        parts.append(Fold("By predicted class", (_by_class(classes),)))
    return Section(_HEADING, tuple(parts), terminal=False)


def _by_class(found: pd.DataFrame) -> Table:
    """Return how sure each model is of each class that it predicts, and how often it is right."""
    columns = ["accuracy", "mean_confidence", "ece"]
    scores = found.set_index(["model", "class", "corruption"])[columns]
    rows = []
    for model, name in found[["model", "class"]].drop_duplicates().to_numpy().tolist():
        cells = [
            score(value)
            for corruption in (CLEAN.name, SUITE)
            for value in scores.reindex([(model, name, corruption)]).to_numpy()[0].tolist()
        ]
        rows.append((Cell(model), Cell(name), *cells))
    heads = (
        Head("right", tooltip="share of the pixels predicted as the class that is right"),
        Head("confidence", tooltip="mean confidence of the pixels predicted as the class"),
        Head("ECE", tooltip="expected calibration error of the pixels predicted as the class"),
    )
    return Table(
        "Confidence by predicted class, in percent: where confidence is above the share of right "
        "pixels, the model is too sure of the class.",
        (*heads, *heads),
        tuple(rows),
        (
            Head("model", whole_height=True),
            Head("predicted class", whole_height=True),
            Head("clean", span=len(heads)),
            Head("suite", span=len(heads)),
        ),
        stub=2,
        name="confidence-by-class",
    )


def _table(report: Report, without: list[str]) -> Table:
    """Return the scores of each model, clean and over the suite."""
    found = report.table("measures").set_index(["model", "metric", "score"])
    rows = []
    for model in report.models:
        for name in _SHOWN:
            own = [(model, name, column) for column in ("clean", "suite score")]
            if model in without or own[0] not in found.index:
                continue
            known = found.reindex(own)[["value", "low", "high"]].to_numpy(dtype=float)
            cells = (score(value, ends=(low, high)) for value, low, high in known.tolist())
            moved = change(known[1, 0] - known[0, 0])
            title, meaning, _ = metric(name)
            rows.append((Cell(model), Cell(title, tooltip=meaning), *cells, moved))
    return Table(
        "Scores of confidence, the largest probability of a pixel, in percent; changes in points. "
        "The first ones say how far confidence is from accuracy, those from AUROC on how well it "
        "tells wrong pixels from right ones.",
        (
            Head("model"),
            Head("score"),
            Head("clean", tooltip="on the unchanged images"),
            Head("suite", tooltip="mean over the corruptions, each over the severities that count"),
            Head("change"),
        ),
        tuple(rows),
        stub=2,
        name="confidence-table",
    )


def _plots(report: Report, model: str, counts: CalibrationCounts, number: int) -> Iterator[Plot]:
    known = counts.bins.conditions
    counted = [
        key for key in known if key != CLEAN.key and key[1] in report.counted.get(key[0], (key[1],))
    ]
    bins = {CLEAN.name: counts.bins_of([CLEAN.key] if CLEAN.key in known else [])}
    bins[CORRUPTED] = counts.bins_of(counted)
    yield Plot(
        name=file_name("reliability", number, model),
        caption="reliability: accuracy by confidence, in percent",
        label=f"Reliability diagram of {model}: accuracy of 15 bins of confidence, clean and "
        "corrupted. Below the diagonal the model is too sure.",
        draw=partial(reliability_diagram, bins),
    )
    yield Plot(
        name=file_name("risk-coverage", number, model),
        caption="risk and coverage: percent wrong among the surest pixels",
        label=f"Risk-coverage curves of {model}: share of wrong pixels among the surest 1 to 100 "
        "percent, clean and corrupted. The area below is the AURC.",
        draw=partial(risk_coverage, bins),
    )
    if "severities" in report.tables and not report.spec.taken:
        severities = report.table("severities").loc[[model]].droplevel("model")
        errors = _by_severity(report.table("tidy"), model, severities)
        yield Plot(
            name=file_name("ece", number, model),
            caption="ECE: percent, by corruption and severity; higher is worse",
            label=f"Heat map of {model}: ECE in percent by corruption and severity.",
            draw=partial(figures.heat_map, errors, report.counted, highest_of(errors)),
        )


def _by_severity(tidy: pd.DataFrame, model: str, like: pd.DataFrame) -> pd.DataFrame:
    """Return the ECE of a model in the form of a table of severities."""
    own = tidy[(tidy["model"] == model) & (tidy["metric"] == "ece")]
    wide = own.set_index(["condition", "severity"])["value"].unstack("severity")
    names = like.index.get_level_values("corruption")
    return wide.reindex(index=names, columns=like.columns).set_axis(like.index)


@rc_context(RC)
def reliability_diagram(bins: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw the accuracy against the confidence of 15 bins for each of some (3, COARSE) bins."""
    figure, axes = _square("confidence")
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    for number, own in enumerate(bins.values()):
        curve = reliability(equal_width(own))
        kept = curve.share >= 1e-4  # fewer pixels say nothing
        _line(axes, 100 * curve.confidence[kept], 100 * curve.accuracy[kept], number, marks=True)
    axes.set_ylim(0, 100)
    axes.set_yticks(range(0, 101, 20))
    return figure


@rc_context(RC)
def risk_coverage(bins: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw the share of wrong pixels among the surest for each of some (3, COARSE) bins."""
    figure, axes = _square("surest pixels")
    coverages = np.arange(1, 101) / 100
    for number, own in enumerate(bins.values()):
        _line(axes, 100 * coverages, 100 * risk_at(own, coverages), number, marks=False)
    axes.set_ylim(bottom=0)
    return figure


def _square(across: str) -> tuple[Figure, Axes]:
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_axes((44 / _WIDTH, 40 / _HEIGHT, 276 / _WIDTH, 200 / _HEIGHT))
    axes.set_xlim(0, 102)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(f"{across}, in percent", labelpad=3)
    axes.tick_params(length=0)
    axes.grid(axis="y")
    return figure, axes


def _line(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], number: int, *, marks: bool
) -> None:
    marker = MARKERS[number] if marks else ""
    color = SERIES[number]
    axes.plot(x, y, marker=marker, color=color, linewidth=1.8, markersize=5, mec=SURFACE)
