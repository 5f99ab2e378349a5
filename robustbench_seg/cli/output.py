"""What `eval` and `report` show of a run: tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.markup import escape

from reports.comparison.description import Comparison

from ..reporting.failures import failure_notes, failure_stamps
from ..reporting.report import notes_of, stamps_of, title_of
from ..reporting.scales import input_scale, inputs
from ..reporting.uncertainty import headline_intervals
from ..runs.run import StoredRun
from .console import console, print_table


def print_run(run: StoredRun) -> None:
    """Print the headline numbers and the score of each corruption, in percent."""
    console.print(title_of(run.spec), style="bold", markup=False, highlight=False)
    for stamp in stamps_of(run):
        console.print(f"[bold white on red] {escape(stamp)} [/]", highlight=False)
    if run.spec.suite.curves is not None:
        _print_resolutions(run, run.spec.suite.curves.against)
    else:
        _print_corruptions(run)
    for note in notes_of(run):
        console.print(f"- {note}", markup=False, highlight=False)


def print_failures(run: StoredRun) -> None:
    """Say that no frame has a score, and why."""
    for line in (*failure_stamps(run), *failure_notes(run)):
        console.print(line, markup=False, highlight=False)


def print_comparison(comparison: Comparison) -> None:
    """Print scores side by side, differences, and what the models cost against the reference."""
    console.print(comparison.title, style="bold", markup=False, highlight=False)
    for stamp in comparison.stamps:
        console.print(f"[bold white on red] {escape(stamp)} [/]", highlight=False)
    found = comparison.summary
    heads, rows = [""], [[str(name)] for name in found.value]
    for model, *numbers in zip(
        comparison.models, *map(_rows, (found.value, found.low, found.high)), strict=True
    ):
        heads += [model, "95 %"]
        for row, value, low, high in zip(rows, *numbers, strict=True):
            row += [_percent(value), _range(low, high)]
    for measure in ("CD", "rCD"):
        mean = comparison.degradation.value[measure, "mean"].astype(float)
        rows.append([f"mean {measure}", *(text for v in mean for text in (_percent(v), ""))])
    print_table(
        f"Scores in %, with 95 % intervals {comparison.covers}; CD and rCD against "
        f"{comparison.reference}",
        heads,
        [tuple(row) for row in rows],
        right=1,
    )
    for model, table in comparison.differences.groupby(level="model", sort=False):
        differences = table[["second", "first", "difference", "low", "high"]].to_numpy(float)
        print_table(
            f"{model} minus {comparison.baseline}, in points",
            ("", "of the model", "of the other", "difference", "95 %", "p (Holm)"),
            [
                (
                    str(name),
                    *map(_percent, scores[:2]),
                    _points(scores[2]),
                    "" if np.isnan(scores[3]) else " to ".join(map(_points, scores[3:])),
                    "-" if np.isnan(p) else f"{p:.4f}",
                )
                for (_, name), scores, p in zip(
                    table.index, differences, table["p_holm"], strict=True
                )
            ],
            right=1,
        )
    for note in comparison.notes:
        console.print(f"- {note}", markup=False, highlight=False)


def _print_corruptions(run: StoredRun) -> None:
    scales = {model.name: input_scale(run.spec, model) for model in run.spec.models}
    _print_summary(run, scales)
    counted = pd.DataFrame({"counted": run.table("suite").stack(["category", "corruption"])})
    severities = run.table("severities").join(counted)
    columns = ("", "corruption", *map(str, severities.columns))
    for model, scores in severities.groupby(level="model", sort=False):
        rows = [
            (category, corruption, *map(_percent, values))
            for (_, category, corruption), values in zip(scores.index, scores.values, strict=True)
        ]
        title = f"{model}: mIoU in % by severity, input scale {scales[str(model)]}"
        print_table(title, columns, rows, right=2)


def _print_summary(run: StoredRun, scales: Mapping[str, str]) -> None:
    summary, intervals = run.table("summary"), headline_intervals(run)
    with_draws = bool(intervals.over_draws.notna().any(axis=None))
    frames = (summary, intervals.low, intervals.high, intervals.over_draws)
    heads, rows = [""], [["input scale"], *([str(name).replace("_", " ")] for name in summary)]
    for model, *numbers in zip(map(str, summary.index), *map(_rows, frames), strict=True):
        told = [["95 %", "sd of draws"][: 1 + with_draws]] + [
            [_range(low, high), _spread(spread)][: 1 + with_draws]
            for low, high, spread in zip(*numbers[1:], strict=True)
        ]
        values = [scales[model], *map(_percent, numbers[0])]
        if len(summary) == 1:
            heads += [model, *told[0]]
            rows = [
                [*row, value, *own]
                for row, value, own in zip(
                    rows, values, [[""] * len(told[0]), *told[1:]], strict=True
                )
            ]
            continue
        # Side by side, columns of their own would leave no room: they stand below the numbers.
        heads.append("\n".join([model, *told[0]]))
        rows = [
            [*row, "\n".join(filter(None, [value, *own]))]
            for row, value, own in zip(rows, values, [[], *told[1:]], strict=True)
        ]
    title = f"Scores in %, with 95 % intervals {intervals.covers}"
    print_table(title, heads, rows, right=1)


def _print_resolutions(run: StoredRun, against: str) -> None:
    numbers = ["miou", "low", "high", "change", "change_low", "change_high"]
    table = run.table("resolution")[numbers].astype(float)
    # A table for each model: side by side they are wider than a terminal.
    for model in run.spec.models:
        seen = inputs(run.spec, model)
        rows = []
        for condition in (c.name for c in run.spec.conditions):
            miou, low, high, change, *ends = table.loc[[(model.name, condition)]].to_numpy()[0]
            between = "" if pd.isna(ends[0]) else " to ".join(map(_points, ends))
            scores = _percent(miou), _range(low, high), _points(change), between
            rows.append((condition, seen[condition], *scores))
        print_table(
            f"{model.name}: mIoU in %, and its change in points against {against}",
            ("condition", "input", "mIoU", "95 %", "change", "95 %"),
            rows,
            right=2,
        )


def _rows(table: pd.DataFrame) -> NDArray[np.float64]:
    return table.to_numpy(np.float64)


def _percent(share: float) -> str:
    return "-" if pd.isna(share) else f"{100 * share:.1f}"


def _range(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{_percent(low)}-{_percent(high)}"


def _spread(share: float) -> str:
    return "" if pd.isna(share) else f"{100 * share:.2f}"


def _points(change: float) -> str:
    return "-" if pd.isna(change) else f"{100 * change:+.1f}"
