"""Reports of benchmark runs: tables in, one self-contained HTML file out.

`Report` is what a report says; `reports.html.render` and `reports.html.write` make the page. The
package knows neither models nor torch: everything that it shows is handed over in the `Report`.
"""

from __future__ import annotations

from .report import Example, Report

__all__ = ["Example", "Report"]
