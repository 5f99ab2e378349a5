"""The files of a report: pages and figures, and its numbers as CSV or Parquet."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from .. import reports
from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..reports import Page
from ..visible import cell
from ..writing import write_file
from .words import column_name

TABLES = ("csv", "parquet")
FORMATS = (*reports.FORMATS, *TABLES, *reports.FIGURES)


class Reported(ABC):
    """Base of results that have a report: they show it in a notebook and write it to files."""

    @property
    @abstractmethod
    def _document(self) -> Page:
        """The report, made once."""

    @abstractmethod
    def report_tables(self) -> Mapping[str, pd.DataFrame]:
        """Return the tables that `write` makes files of, by the names of these."""

    @property
    @abstractmethod
    def _report_folder(self) -> Path:
        """The folder that `write` writes to by default."""

    @property
    def _report_kept(self) -> str:
        """Advice at the end of the error that a file cannot be written."""
        return "name another folder"

    def report(self) -> Page:
        """Return the report: sections of tables and figures, notes and provenance."""
        return self._document

    def write(
        self, formats: str | Iterable[str] = "html", folder: str | Path | None = None
    ) -> list[Path]:
        """Write the report to a folder and return the paths of the files.

        Each file appears whole or not at all. Raises InputError for an unknown format and where a
        file cannot be written.

        Parameters
        ----------
        formats
            Such as "html,pdf" or ["html", "pdf"]. The report: html, pdf, md, latex; its tables:
            csv, parquet; its figures: svg, png.
        folder
            Made if it does not exist. None: the run's own folder; for a comparison, one in
            results/ that is named after the models.
        """
        chosen = check_formats(formats)
        folder = self._report_folder if folder is None else Path(folder)
        with self._writing(folder):
            paths = reports.write(self.report(), folder, [f for f in chosen if f not in TABLES])
            if set(TABLES).intersection(chosen):  # deriving all of them takes time
                for name, table in self.report_tables().items():
                    paths += _write_table(table, folder / name, folder, chosen)
        return paths

    @contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        """Turn an OSError into an InputError."""
        try:
            yield
        except OSError as error:
            raise InputError(
                f"{error.filename or folder}: cannot be written ({error.strerror}); "
                f"{self._report_kept}"
            ) from error

    def _repr_html_(self) -> str:
        return self._document._repr_html_()


def check_formats(formats: str | Iterable[str]) -> list[str]:
    """Return the formats of "html,pdf" or of a list; InputError for an unknown one."""
    names = formats.split(",") if isinstance(formats, str) else formats
    chosen = [name.strip() for name in names if name.strip()]
    for name in chosen:
        if name not in FORMATS:
            meant = did_you_mean(name, FORMATS)
            raise InputError(f"no such format {name!r}; choose from {', '.join(FORMATS)}{meant}")
    return chosen


def csv_content(table: pd.DataFrame) -> bytes:
    """Return a table as CSV, without its index if that only counts; texts are no formulas."""
    inert = table.apply(_inert).set_axis(_inert(table.columns), axis="columns")
    inert = inert.set_axis(_inert_index(table.index), axis="index")
    text: str = inert.to_csv(index=not isinstance(table.index, pd.RangeIndex), lineterminator="\n")
    return text.encode()


def table_csv(table: pd.DataFrame) -> bytes:
    """Return a table as the CSV file that `write` makes of it."""
    return csv_content(_flat(table))


def json_content(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return tables as one JSON object: a list of rows for each name, null for NaN."""
    lists = {name: _rows(_flat(table)) for name, table in tables.items()}
    return json.dumps(lists, indent=1, allow_nan=False) + "\n"


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    return [
        {
            str(name): None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with one level of text as names of columns, as files have."""
    return table.set_axis([column_name(name) for name in table.columns], axis="columns")


def _inert(values: Any) -> Any:
    return values if is_numeric_dtype(values) else values.map(cell)


def _inert_index(index: Any) -> Any:
    if isinstance(index, pd.MultiIndex):
        levels = [_inert(level) for level in index.levels]
        index = index.set_levels(levels, verify_integrity=False)
    else:
        index = _inert(index)
    return index.set_names([cell(name) for name in index.names])


def _write_table(
    table: pd.DataFrame, stem: Path, folder: Path, formats: Iterable[str]
) -> list[Path]:
    paths = {
        suffix: stem.with_name(f"{stem.name}.{suffix}") for suffix in TABLES if suffix in formats
    }
    if "csv" in paths:
        write_file(paths["csv"], table_csv(table), folder)
    if "parquet" in paths:
        content = BytesIO()
        _flat(table).to_parquet(content)
        write_file(paths["parquet"], content.getvalue(), folder)
    return list(paths.values())
