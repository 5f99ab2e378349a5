"""What `eval` and `report` show of a run: tables in the terminal, files in its folder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.markup import escape

import reports.html

from ..errors import InputError
from ..evaluation.run import TABLES, Run
from ..evaluation.spec import Spec
from .console import console, print_table, say
from .reporting import notes_of, report_of, stamps_of, title_of


def print_header(spec: Spec, folder: Path) -> None:
    """Say what is about to be run, and where it is kept."""
    console.print(title_of(spec), style="bold", markup=False, highlight=False)
    for model in spec.models:
        if licence := model.weights.get("licence"):
            say(f"{model.name}: licence of the weights: {licence}")
    say(f"run: {folder}")


def print_run(run: Run) -> None:
    """Print the headline numbers and the score of each corruption, in percent."""
    for stamp in stamps_of(run):
        console.print(f"[bold white on red] {escape(stamp)} [/]", highlight=False)
    summary = run.table("summary").T
    rows = [
        (str(name).replace("_", " "), *map(_percent, values))
        for name, values in zip(summary.index, summary.values, strict=True)
    ]
    print_table("Scores in %", ("", *map(str, summary.columns)), rows, right=1)
    counted = pd.DataFrame({"counted": run.table("suite").stack(["category", "corruption"])})
    severities = run.table("severities").join(counted)
    columns = ("", "corruption", *map(str, severities.columns))
    for model, scores in severities.groupby(level="model", sort=False):
        rows = [
            (category, corruption, *map(_percent, values))
            for (_, category, corruption), values in zip(scores.index, scores.values, strict=True)
        ]
        print_table(f"{model}: mIoU in % by severity", columns, rows, right=2)
    for note in notes_of(run):
        console.print(f"- {note}", markup=False, highlight=False)


def write_outputs(run: Run, html: Path, *, csv: bool = False, parquet: bool = False) -> None:
    """Write the HTML report, and on request each table as CSV or Parquet; print the paths."""
    try:
        reports.html.write(report_of(run), html)
        for name in TABLES:
            table = _flat(run.table(name))
            if csv:
                table.to_csv(run.folder / f"{name}.csv", index=name != "tidy")
            if parquet:
                table.to_parquet(run.folder / f"{name}.parquet")
    except OSError as error:
        raise InputError(
            f"{error.filename or html}: cannot be written ({error.strerror}); the run is kept, "
            f"and robustseg report {run.folder} makes its report again"
        ) from error
    if csv or parquet:
        say(f"tables: {run.folder}")
    say(f"report: {html}")


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    # Files have one level of text for the names of columns.
    flat = table.copy()
    flat.columns = pd.Index(
        [
            " ".join(filter(None, name)) if isinstance(name, tuple) else str(name)
            for name in table.columns
        ]
    )
    return flat


def _percent(share: float) -> str:
    return "-" if pd.isna(share) else f"{100 * share:.1f}"
