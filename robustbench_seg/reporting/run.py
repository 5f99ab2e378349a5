"""A stored run with its report, as a document that `reports` writes in any format."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from ..reports import Page
from ..reports.formats.notebook import head
from ..runs.run import StoredRun
from .files import Reported
from .headline import headline
from .meanings import meanings
from .report import Report
from .run_plots import RunPlots
from .sections import sections
from .severity_plots import heat_maps


class Run(StoredRun, Reported):
    """A stored run: its scores as tables, and its report.

        run = robustbench_seg.Run.open("results/b0")
        run.table("suite")
        run.write("html,pdf")

    In a notebook it shows its headline and small heat maps; `run.report()` shows its report.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}.open({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        if not (self.frames or self.failures):
            return "<p>No frame is finished yet.</p>"
        report, page = self._report, self._document
        severities = "severities" in report.tables and not self.spec.taken
        figures = heat_maps(report) if severities else page.plots()[:1]
        rest = f"{self.folder}. All of it: run.report(). Figures: run.plot. Tables: run.tables."
        return head(page, figures, rest)

    @cached_property
    def plot(self) -> RunPlots:
        """Plots for your own figures: `severity`, `heat_map`, `classes` and `compare`."""
        return RunPlots(self, self._report)

    @cached_property
    def _document(self) -> Page:
        return document(self._report)

    @cached_property
    def _report(self) -> Report:
        return Report(self)

    def report_tables(self) -> Mapping[str, pd.DataFrame]:
        """Return the tables that `write` makes files of, by the names of these."""
        return {name: self._report.stored_table(name) for name in self._report.tables}

    @property
    def _report_folder(self) -> Path:
        return self.folder

    @property
    def _report_kept(self) -> str:
        return f"the run is kept, and robustseg report {self.folder} writes its report again"


def document(report: Report) -> Page:
    """Return the document of a report."""
    return Page(
        title=report.title,
        subtitle=report.subtitle,
        stamps=report.stamps,
        notes=report.notes,
        meanings=meanings(report.tables),
        sections=tuple(sections(report)),
        provenance=report.provenance,
        kind="Robustness report",
        headline=headline(report),
        terminal_notes=report.terminal_notes,
    )
