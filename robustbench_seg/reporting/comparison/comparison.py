"""A comparison as users have it: its numbers, and its report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from ...folders import RESULTS
from ...reports import Page
from ...scores.statistics import MIN_TEST_UNITS
from ..files import Reported
from ..headline import finding
from ..meanings import meanings
from ..plots import ComparisonPlots
from .description import ComparisonData
from .sections import sections

MEANINGS: tuple[tuple[str, str], ...] = (
    *meanings({"suite"}),
    (
        "CD and rCD",
        "divide a model's error, and its loss from its own clean score, by those of a reference, "
        "corruption by corruption.",
    ),
    (
        "The interval of a difference",
        "resamples the images for both models together. A difference may be certain although the "
        "intervals of the two scores overlap.",
    ),
    (
        "p",
        "is the share of all exchanges of the two models' results, image by image or group by "
        "group, that give at least as large a difference. With n of them it is at least 2/2^n; "
        f"below {MIN_TEST_UNITS} there is none.",
    ),
)


class Comparison(ComparisonData, Reported):
    """Models on the same images under the same suite; in a notebook it shows its report."""

    @cached_property
    def plot(self) -> ComparisonPlots:
        """Plots for your own figures: `severity`, `classes` and `differences`."""
        return ComparisonPlots(self)

    @cached_property
    def _document(self) -> Page:
        return Page(
            title=self.title,
            subtitle=self.subtitle,
            stamps=self.stamps,
            notes=self.notes,
            meanings=MEANINGS,
            sections=tuple(sections(self.shown)),
            provenance=self.provenance,
            kind="Comparison",
            headline=finding(self.shown.summary.value, self.categories),
        )

    def report_tables(self) -> Mapping[str, pd.DataFrame]:
        """Return the tables that `write` makes files of, by the names of these."""
        return self.tables

    @property
    def _report_folder(self) -> Path:
        return RESULTS / self.slug
