"""A stored run with its report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from reports import Page

from ..runs.run import StoredRun
from .document import document
from .files import Reported
from .report import Report


class Run(StoredRun, Reported):
    """A stored run: its scores as tables, and its report.

        run = robustbench_seg.Run.open("results/b0")
        run.table("suite")
        run.write("html,pdf")

    In a notebook it shows its report.
    """

    def report(self) -> Page:
        """Return the report: sections of tables and figures, notes and provenance."""
        return self._document

    @cached_property
    def _document(self) -> Page:
        return document(self._report)

    @cached_property
    def _report(self) -> Report:
        return Report(self)

    def _report_tables(self) -> Mapping[str, pd.DataFrame]:
        return {name: self._report.table(name) for name in self._report.tables}

    @property
    def _report_folder(self) -> Path:
        return self.folder

    @property
    def _report_kept(self) -> str:
        return f"the run is kept, and robustseg report {self.folder} writes its report again"
