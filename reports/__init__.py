"""Reports of benchmark runs: tables in; HTML, PDF, LaTeX, Markdown and figures out.

A `Report` is what a report of corruptions says, a `ResolutionReport` one of resolutions;
`reports.files.write` writes it in the forms that `reports.formats` knows. The package knows neither
models nor torch: everything that it shows is handed over.
"""

from __future__ import annotations

from .report import Example, Intervals, Page, Report, ResolutionReport

__all__ = ["Example", "Intervals", "Page", "Report", "ResolutionReport"]
