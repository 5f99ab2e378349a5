"""A comparison as users have it: its numbers, and its report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from reports import Page

from ...folders import RESULTS
from ..files import Reported
from .description import ComparisonData
from .sections import document


class Comparison(ComparisonData, Reported):
    """Models on the same images under the same suite; in a notebook it shows its report."""

    def report(self) -> Page:
        """Return the report: sections of tables and figures, notes and provenance."""
        return self._document

    @cached_property
    def _document(self) -> Page:
        return document(self)

    def _report_tables(self) -> Mapping[str, pd.DataFrame]:
        return self.tables

    @property
    def _report_folder(self) -> Path:
        return RESULTS / self.slug
