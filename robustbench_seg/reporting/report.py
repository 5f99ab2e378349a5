"""A run as its readers see it: everything that is derived from it, derived once."""

from __future__ import annotations

from functools import cache, cached_property

import pandas as pd

from ..runs.pictures import pictured_frames
from ..runs.run import StoredRun
from . import intervals, notes
from .examples import examples
from .input_scale import input_scale
from .intervals import IntervalTable
from .stamps import stamps
from .tables import highest_of


class Report:
    """The tables of a run with their intervals, its examples, warnings, notes and provenance."""

    def __init__(self, run: StoredRun):
        spec, policy = run.spec, run.spec.suite.policy
        self.run = run
        self.spec = spec
        self.names = run.names
        """Name under which each model is shown, by its name in the run."""
        self.models = tuple(self.names.values())
        self.tables = run.tables if run.frames or not run.failures else ()
        """Names of the tables; none if predictions failed on every frame."""
        self.title = notes.title(spec)
        self.subtitle = notes.training(zip(self.models, spec.models, strict=True))
        self.stamps = stamps(run)
        self.provenance = notes.provenance(run)
        self.pictures = examples(run)
        """Pictures of all frames that the run keeps some of."""
        with_images = pictured_frames(spec)
        self.examples = [item for item in self.pictures if with_images.get(item.frame)]
        """Those of frames whose images it keeps too."""
        self.covers = intervals.covers(run)
        self.counted = {each.corruption: each.counted for each in policy.columns} if policy else {}
        """Severities that count, by corruption; empty for a suite without severities."""
        self.input_scales = {
            self.names[model.name]: input_scale(spec, model) for model in spec.models
        }
        self.stored_table = cache(run.table)
        self.table = cache(lambda name: intervals.with_names(self.stored_table(name), self.names))

    def with_intervals(self, name: str) -> IntervalTable:
        """Return the table "summary", "suite", "severities" or "classes" with its intervals."""
        low, high = (self.interval_column(name, column) for column in ("low", "high"))
        return IntervalTable(self.table(name), low, high)

    def interval_column(self, name: str, column: str) -> pd.DataFrame:
        """Return "low", "high" or "sd_over_draws" in the form of one of these tables."""
        found, tidy = self.table("intervals"), self.table("tidy")
        return intervals.aligned(name, self.table(name), found, tidy, column)

    def sampling_ends(self, column: str) -> pd.DataFrame:
        """Return "low" or "high" over the sample in the form of the table "classes"."""
        classes, found = self.table("classes"), self.table("sampling")
        return intervals.aligned("classes", classes, found, self.table("tidy"), column)

    @cached_property
    def highest(self) -> float:
        """The highest mIoU, clean or at a severity: where the colours of heat maps end."""
        return highest_of(self.table("severities"), self.table("summary")[["clean"]])

    @cached_property
    def terminal_notes(self) -> tuple[str, ...]:
        """Those of the notes that change what the numbers mean."""
        return tuple(notes.meaning_notes(self.run))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader needs beside the numbers."""
        if not self.tables:
            return tuple(notes.failure_notes(self.run))
        self.run.require_frames()
        return (*notes.notes(self.run), *intervals.interval_notes(self.run))
