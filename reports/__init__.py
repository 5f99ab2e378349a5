"""Reports: a `Document` in; a terminal's text, HTML, PDF, Markdown, LaTeX and figures out.

The package knows neither runs nor models: everything that it shows is in the document.
"""

from __future__ import annotations

from .formats import FIGURES, FORMATS, write
from .formats.html import Page

__all__ = ["FIGURES", "FORMATS", "Page", "write"]
