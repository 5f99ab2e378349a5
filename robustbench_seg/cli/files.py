"""The files that `eval` and `report` write of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

import reports.files
from reports import Page

from ..errors import InputError
from ..reporting.report import report_of
from ..runs.run import StoredRun
from .console import say

TABLES = ("csv", "parquet")
FORMATS = (*reports.files.PAGES, *TABLES, *reports.files.FIGURES)


def check_formats(formats: Collection[str]) -> None:
    """Raise InputError where one of the formats is none."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError(f"--format: no such format {unknown[0]!r}; choose of {', '.join(FORMATS)}")


def write_files(run: StoredRun, folder: Path, formats: Collection[str]) -> None:
    """Write the report and the tables of a run in the formats, and print the paths."""
    tables = {name: run.table(name) for name in run.tables}
    kept = f"the run is kept, and robustseg report {run.folder} makes its report again"
    write_page(report_of(run), tables, folder, formats, kept)


def write_page(
    page: Page,
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    formats: Collection[str],
    kept: str = "name another --out",
) -> None:
    """Write a report and its tables in the formats, and print the paths.

    Raises InputError where that fails, which ends with what is `kept`.
    """
    try:
        pages = [name for name in formats if name not in TABLES]
        for path in reports.files.write(page, folder, pages):
            say(f"{'figures' if path.is_dir() else 'report'}: {path}")
        for name, table in tables.items():
            flat = _flat(table)
            if "csv" in formats:
                numbered = isinstance(table.index, pd.RangeIndex)
                flat.to_csv(folder / f"{name}.csv", index=not numbered)
            if "parquet" in formats:
                flat.to_parquet(folder / f"{name}.parquet")
    except OSError as error:
        raise InputError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); {kept}"
        ) from error
    if not set(TABLES).isdisjoint(formats):
        say(f"tables: {folder}")


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
