"""A stored run, as tables. It needs neither the models nor the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..protocol.spec import Spec
from ..protocol.suites.corruption import Suite
from ..protocol.suites.resolution import ResolutionSuite
from ..scores import resolution, tables
from ..scores.bootstrap import Bootstrap
from ..scores.intervals import intervals, tidy
from ..scores.pixel_counts import PixelCounts
from ..scores.statistics import MIN_GROUPS
from .store import Cell, Failure, Picture, Store

TABLES: dict[str, Callable[[pd.DataFrame, Suite], pd.DataFrame]] = {
    "tidy": lambda tidy, suite: tidy,  # noqa: ARG005
    "summary": tables.summary,
    "suite": tables.suite_table,
    "severities": tables.severity_table,
    "classes": tables.class_table,
}
RESOLUTION_TABLES: dict[str, Callable[[pd.DataFrame, ResolutionSuite], pd.DataFrame]] = {
    "tidy": lambda tidy, suite: tidy,  # noqa: ARG005
    "summary": lambda tidy, suite: resolution.summary(tidy, list(suite.places)),
    "resolution": lambda tidy, suite: resolution.resolution_table(
        tidy, suite.places, suite.against
    ),
    "classes": lambda tidy, suite: resolution.class_table(tidy, list(suite.places)),
}


class Run:
    """What a run found. Of an unfinished one: the frames that are finished under all conditions."""

    def __init__(
        self,
        folder: Path,
        spec: Spec,
        frames: tuple[str, ...],
        pixel_counts: Mapping[str, PixelCounts],
        sessions: list[dict[str, Any]],
        pictures: list[Picture],
        failures: Sequence[Failure] = (),
    ):
        self.folder = folder
        self.spec = spec
        self.frames = frames
        """The names of the frames that are finished under all conditions for all models."""
        self.pixel_counts = pixel_counts
        """Counts of the finished frames, by model."""
        self.sessions = sessions
        self.pictures = pictures
        self.failures = failures
        """The predictions that failed; frames with any are left out of all scores."""

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Read the run in a folder; InputError if there is none, or if it is damaged."""
        folder = Path(folder)
        with Store.open(folder) as store:
            spec = Spec.from_dict(store.spec())
            frames = _finished(spec, store.stored())
            pixel_counts = _pixel_counts(spec, frames, store.matrices())
            sessions, pictures, failures = store.sessions(), store.pictures(), store.failures()
            return cls(folder, spec, frames, pixel_counts, sessions, pictures, failures)

    @property
    def complete(self) -> bool:
        """Whether every frame is finished."""
        return len(self.frames) == len(self.spec.frames)

    @property
    def failed_frames(self) -> frozenset[str]:
        """The names of the frames on which a prediction failed."""
        return frozenset(failure.cell.frame for failure in self.failures)

    @property
    def class_set(self) -> NDArray[np.bool_]:
        """The classes with ground truth in the finished frames, as a mask (C,)."""
        return self.spec.class_set(self.frames)

    @property
    def groups(self) -> tuple[str, ...]:
        """The group of each finished frame, "" where it has none."""
        groups = {frame.name: frame.group for frame in self.spec.frames}
        return tuple(groups[name] for name in self.frames)

    @property
    def grouped(self) -> bool:
        """Whether intervals are over groups of frames: where all have one, and there are enough."""
        return all(self.groups) and len(set(self.groups)) >= MIN_GROUPS

    def table(self, name: str = "summary") -> pd.DataFrame:
        """Return a table of scores: "tidy", "summary", "suite", "severities" or "classes".

        Of a suite of resolutions: "tidy", "summary", "resolution" or "classes". Scores are shares
        (0-1), taken over the finished frames. "tidy" has the 95 % interval of every score of a
        condition, "intervals" those of all scores that are made of several. Raises InputError for
        another name, and where no frame is finished.
        """
        if name not in self.tables:
            raise InputError(f"table {name!r}: unknown; there are {', '.join(self.tables)}")
        if not self.frames:
            raise InputError(
                f"{self.folder}: no frame is finished yet; run the same command again to go on"
            )
        if name == "intervals":
            return self._intervals
        if isinstance(self.spec.suite, ResolutionSuite):
            table = RESOLUTION_TABLES[name](self._tidy, self.spec.suite)
            if name == "resolution":
                return resolution.with_intervals(table, self._intervals)
            return table
        return TABLES[name](self._tidy, self.spec.suite)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        own = isinstance(self.spec.suite, ResolutionSuite)
        return (*(RESOLUTION_TABLES if own else TABLES), "intervals")

    @cached_property
    def _bootstraps(self) -> dict[str, Bootstrap]:
        groups = self.groups if self.grouped else None
        return {model: Bootstrap(counts, groups) for model, counts in self.pixel_counts.items()}

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        return tidy(self._bootstraps, self.spec.dataset)

    @cached_property
    def _intervals(self) -> pd.DataFrame:
        suite = self.spec.suite
        if isinstance(suite, ResolutionSuite):
            return intervals(self._bootstraps, partial(resolution.changes, against=suite.against))
        return intervals(
            self._bootstraps,
            partial(tables.suite_scores, suite=suite),
            partial(tables.class_scores, suite=suite),
        )

    def _repr_html_(self) -> str:
        return self.table().to_html()


def _finished(spec: Spec, stored: Iterable[Cell]) -> tuple[str, ...]:
    """Return the names of the frames all of whose cells are stored."""
    found = Counter(cell.frame for cell in stored)
    names = []
    for frame in spec.frames:
        draws = sum(len(spec.draws_of(condition)) for condition in spec.conditions_of(frame))
        if found[frame.name] == draws * len(spec.models):
            names.append(frame.name)
    return tuple(names)


def _pixel_counts(
    spec: Spec, frames: Collection[str], matrices: Iterable[tuple[Cell, NDArray[np.int64]]]
) -> dict[str, PixelCounts]:
    """Count the matrices of these frames, one at a time: all of them would fill the memory."""
    draws = [(*item, draw) for item in spec.conditions for draw in spec.draws_of(item)]
    categories = [info.category for info in spec.classes]
    class_set = spec.class_set(frames)
    pixel_counts = {
        model.name: PixelCounts(len(frames), draws, spec.class_names, categories, class_set)
        for model in spec.models
    }
    places = {name: place for place, name in enumerate(frames)}
    for cell, matrix in matrices:
        if cell.frame in places:
            draw = (cell.condition, cell.severity, cell.draw)
            pixel_counts[cell.model].add(places[cell.frame], draw, matrix)
    return pixel_counts
