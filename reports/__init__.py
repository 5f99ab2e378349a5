"""Reports of benchmark runs: tables in, one self-contained HTML file out.

A `Report` is what a report of corruptions says, a `ResolutionReport` one of resolutions;
`reports.html.render` and `reports.html.write` make the page. The package knows neither models nor
torch: everything that it shows is handed over.
"""

from __future__ import annotations

from .report import Example, Intervals, Page, Report, ResolutionReport

__all__ = ["Example", "Intervals", "Page", "Report", "ResolutionReport"]
