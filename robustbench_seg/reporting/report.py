"""A run as its readers see it: everything that is derived from it, derived once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import pandas as pd

from ..runs.run import StoredRun
from . import intervals, notes
from .examples import Example, examples
from .input_scale import input_scale
from .intervals import IntervalTable


class Report:
    """The tables of a run with their intervals, its examples, warnings, notes and provenance."""

    def __init__(self, run: StoredRun):
        self.run = run
        self.spec = run.spec
        self.models = tuple(model.name for model in run.spec.models)
        self._tables: dict[str, pd.DataFrame] = {}

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables; none where no frame has scores since predictions failed."""
        return self.run.tables if self.run.frames or not self.run.failures else ()

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the run; it is computed at its first use."""
        if name not in self._tables:
            self._tables[name] = self.run.table(name)
        return self._tables[name]

    def with_intervals(self, name: str) -> IntervalTable:
        """Return the table "summary", "suite", "severities" or "classes" with its intervals."""
        return intervals.with_intervals(
            name, self.table(name), self.table("intervals"), self.table("tidy")
        )

    @cached_property
    def deviations(self) -> pd.DataFrame:
        """The standard deviation over the random draws of each score of the summary."""
        summary, found, tidy = map(self.table, ("summary", "intervals", "tidy"))
        return intervals.aligned("summary", summary, found, tidy, "sd_over_draws")

    @cached_property
    def covers(self) -> str:
        """What the intervals cover: "over 16 images, fixed draw"."""
        return intervals.covers(self.run)

    @property
    def title(self) -> str:
        """What is evaluated on what."""
        return notes.title(self.spec)

    @property
    def subtitle(self) -> str:
        """What the models were trained and evaluated on."""
        return "; ".join(
            f"{model.name}: trained on {model.trained_on}, evaluated on {self.spec.dataset}"
            for model in self.spec.models
        )

    @property
    def stamps(self) -> tuple[str, ...]:
        """Warnings that stand at the top of every page."""
        return notes.stamps(self.run)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know beside the numbers, a sentence each."""
        if not self.tables:
            return tuple(notes.failure_notes(self.run))
        return (
            *notes.notes(self.run, self.table("tidy")),
            *intervals.interval_notes(self.run),
        )

    @property
    def provenance(self) -> Mapping[str, Mapping[str, str]]:
        """Everything that the numbers may depend on: heading -> key -> value."""
        return notes.provenance(self.run)

    @cached_property
    def examples(self) -> list[Example]:
        """The example pictures, by condition and model."""
        return examples(self.run)

    @cached_property
    def counted(self) -> Mapping[str, tuple[int, ...]]:
        """The severities of each corruption that count; empty for a suite without severities."""
        policy = self.spec.suite.policy
        return {column.corruption: column.counted for column in policy.columns} if policy else {}

    @cached_property
    def input_scales(self) -> Mapping[str, str]:
        """The scale at which each model sees the frames, in words."""
        return {model.name: input_scale(self.spec, model) for model in self.spec.models}
