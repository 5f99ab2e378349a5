"""A stored run, as tables. Reading it needs neither the models nor the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..models.display_names import display_names, read_labels
from ..protocol.spec import Spec
from ..scores.bootstrap import Bootstrap
from ..scores.half_retention import half_retention
from ..scores.intervals import intervals, tidy
from ..scores.measured import Measured, described, measure_table, tidy_measures
from ..scores.pixel_counts import PixelCounts
from ..scores.sampled import Estimates, Sampled
from ..scores.statistics import MIN_TEST_UNITS
from ..scores.sum_bootstrap import SumBootstrap
from ..scores.worst import worst_table
from .class_confidences import ClassConfidences
from .condition_sums import ConditionSums
from .confusions import Confusions
from .failure import Failure
from .pictures import Picture
from .sample import Sample, find_sample
from .sessions import ASSUMED, BY_TORCH, DISPLAY_NAMES, UNUSED, Session
from .store import Store
from .stored_counts import read_counts

R = TypeVar("R", bound="StoredRun")


@dataclass(eq=False, repr=False)
class StoredRun:
    """A run as its folder holds it; of an unfinished one, the frames that are finished."""

    folder: Path
    spec: Spec
    frames: tuple[str, ...]
    """Names of the frames that are finished under all conditions for all models."""
    pixel_counts: Mapping[str, PixelCounts]
    """Counts of the finished frames, by model."""
    sessions: list[Session]
    """Provenance of each start of the run, first to last."""
    pictures: list[Picture]
    failures: Sequence[Failure] = ()
    """Predictions that failed; their frames are left out of all scores."""
    clean: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Confusion matrix of the clean images of the finished frames, by model."""
    measured: Mapping[str, Sequence[Measured]] = field(default_factory=dict)
    """Counts of what is measured beside the confusion matrix, by model."""
    sample: Sample | None = None
    """The cells that are counted where the scores are estimates; `frames` are then its frames."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of models, by NAME@WEIGHTS, in place of those that the run was made with."""

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Read the run in a folder; InputError if there is none, or if it is damaged."""
        with Store.open(Path(folder)) as store:
            return cls.of(store)

    @classmethod
    def of(cls, store: Store, share: float | None = None) -> Self:
        """Read the run in a store; of a sampled run, no more than a share (0 to 1) of its cells."""
        spec, failures = store.spec, store.failures()
        failed = {failure.cell.frame for failure in failures}
        finished = store.finished()
        whole = len({*finished, *failed}) == len(spec.frames) and share is None
        sample = None if whole else find_sample(spec, store.stored(), failed, share)
        frames = sample.frames if sample else finished
        counts, measured, clean = read_counts(spec, frames, store.stacks(), sample)
        about = store.sessions(), store.pictures(), failures
        return cls(store.folder, spec, frames, counts, *about, clean, measured, sample)

    @cached_property
    def names(self) -> dict[str, str]:
        """Name under which reports show each model: its label, or the name that papers write."""
        models = [model.name for model in self.spec.models]
        return display_names(models, self.all_labels)

    @property
    def all_labels(self) -> dict[str, str]:
        """Labels that users gave to models, by NAME@WEIGHTS; the latest one of each model."""
        given = (session.get(DISPLAY_NAMES, {}) for session in self.sessions)
        return {name: text for labels in (*given, self.labels) for name, text in labels.items()}

    def relabel(self, labels: Mapping[str, str]) -> Self:
        """Return the run with other names of models in its report: {"b0": "Ours"}.

        Tables keep the names of the run. Raises InputError for a name of no model, or of several.
        """
        names = [model.name for model in self.spec.models]
        return replace(self, labels={**self.labels, **read_labels(labels, names)})

    @property
    def complete(self) -> bool:
        """Whether every frame is finished."""
        return self.sample is None and len(self.frames) == len(self.spec.frames)

    @property
    def failed_frames(self) -> frozenset[str]:
        """Names of the frames on which a prediction failed."""
        return frozenset(failure.cell.frame for failure in self.failures)

    @property
    def missing_frames(self) -> tuple[str, ...]:
        """Names of the frames that are neither finished nor failed."""
        done = {*self.frames, *self.failed_frames}
        return tuple(frame.name for frame in self.spec.frames if frame.name not in done)

    @property
    def assumed(self) -> dict[str, str]:
        """Settings of the preprocessing that were assumed, by model."""
        return {
            model: settings
            for session in self.sessions
            for model, settings in session.get(ASSUMED, {}).items()
        }

    @property
    def run_by_torch(self) -> dict[str, str]:
        """Why torch ran models for which other runtimes were tried, by model."""
        return {
            model: reason
            for session in self.sessions
            for model, reason in session.get(BY_TORCH, {}).items()
        }

    @property
    def unused(self) -> Mapping[str, str]:
        """Number of the files of the split that no frame uses, and the first; empty for none."""
        found: Mapping[str, str] = self.sessions[-1].get(UNUSED, {}) if self.sessions else {}
        return found

    @property
    def class_set(self) -> NDArray[np.bool_]:
        """Classes with ground truth in the finished frames, as a mask (C,)."""
        return self.spec.class_set(self.frames)

    @property
    def groups(self) -> tuple[str, ...]:
        """Group of each finished frame, "" where it has none."""
        groups = {frame.name: frame.group for frame in self.spec.frames}
        return tuple(groups[name] for name in self.frames)

    @property
    def grouped(self) -> bool:
        """Whether groups of frames are the units: all have one, and there are enough."""
        return all(self.groups) and len(set(self.groups)) >= MIN_TEST_UNITS

    def require_frames(self) -> None:
        """Raise InputError if no frame is finished."""
        if not self.frames:
            what = "no frame is finished yet, and there are too few cells for an estimate"
            raise InputError(f"{self.folder}: {what}; run its command again")

    def table(self, name: str = "summary") -> pd.DataFrame:
        """Return a table of scores, one of `tables`.

        "tidy" has the 95 % interval of every score of a condition, "intervals" those of all scores
        that are derived from several conditions; their ends are NaN below 10 images or groups. Of a
        sampled run, scores are estimates, and "sampling" has their intervals for the complete run
        on the same frames. "confusions" lists which classes become which, "class_confidence" how
        sure the model is of each class that it predicts, "worst" the worst cases, "half_retention"
        the severities at which half of clean mIoU is left, infinite where more is. Scores are taken
        over the finished frames. They are fractions, 1 for 100 %, but for `nll`, in nats: see the
        column `unit`. Raises InputError for another name, and where no frame is finished.
        """
        if name not in self.tables:
            known = f"{', '.join(self.tables)}{did_you_mean(name, self.tables)}"
            raise InputError(f"table {name!r}: unknown; there are {known}")
        self.require_frames()
        own = self._own_tables
        return own[name]() if name in own else self.spec.suite.tables[name](self)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the run has: see `table`."""
        return (*self.spec.suite.tables, *self._own_tables)

    @property
    def _own_tables(self) -> dict[str, Callable[[], pd.DataFrame]]:
        """What makes each table that applies beside those of the suite."""
        sure, groups = self.class_confidences, self.groups if self.grouped else None
        policy = None if self.spec.taken else self.spec.suite.policy
        every: dict[str, tuple[bool, Callable[[], pd.DataFrame]]] = {
            "intervals": (True, lambda: self.intervals),
            "sampling": (self.sample is not None, lambda: self.sampling),
            "measures": (any(self.measured.values()), lambda: self.measures),
            "confusions": (self.confusions.known, lambda: self.confusions.table),
            "class_confidence": (sure.known, lambda: sure.table),
        }
        if policy is not None:
            every["worst"] = (True, lambda: worst_table(self.bootstraps, policy, groups))
        if policy is not None and len(policy.severities) > 1:
            every["half_retention"] = (True, lambda: half_retention(self.bootstraps, policy))
        return {name: make for name, (applies, make) in every.items() if applies}

    def matrix(self, condition: str, model: str | None = None) -> pd.DataFrame:
        """Return the confusion matrix of a condition: index `truth`, columns `predicted`, pixels.

        `condition` is named as in options, such as "clean" or "fog:3". `model` may be left out of a
        run of one. The matrix is the sum over the finished frames, or those of a sample, and over
        draws. With a class map, the column "no class" is the last. It is read from the folder.
        Raises InputError for an unknown condition or model, and where no frame is finished.
        """
        self.require_frames()
        return self.confusions.matrix(condition, model)

    @cached_property
    def confusions(self) -> Confusions:
        """Confusion matrices, which are read again from the folder."""
        return Confusions(self._sums, self.clean)

    @cached_property
    def class_confidences(self) -> ClassConfidences:
        """Confidences by predicted class, which are read again from the folder."""
        return ClassConfidences(self._sums)

    @cached_property
    def _sums(self) -> ConditionSums:
        return ConditionSums(self.folder, self.spec, frozenset(self.frames), self.sample)

    @cached_property
    def bootstraps(self) -> Mapping[str, Bootstrap | Estimates]:
        """Resampled scores, by model; of a sampled run, with the error of the sample."""
        if self.sample:
            return {model: sampled.over_images for model, sampled in self.sampled.items()}
        groups = self.groups if self.grouped else None
        return {model: Bootstrap(counts, groups) for model, counts in self.pixel_counts.items()}

    @cached_property
    def sampled(self) -> dict[str, Sampled]:
        """Estimates of the scores of the complete run on the same frames, by model."""
        groups = self.groups if self.grouped else None
        return {model: Sampled(counts, groups) for model, counts in self.pixel_counts.items()}

    @cached_property
    def tidy(self) -> pd.DataFrame:
        """All scores of conditions, one in a row, with their intervals."""
        dataset = self.spec.dataset
        parts = tidy(self.bootstraps, dataset), tidy_measures(self.measured_scores, dataset)
        rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
        return described(rows, self.spec.suite.policy)

    @cached_property
    def measured_scores(self) -> Mapping[str, Mapping[str, SumBootstrap]]:
        """Scores of what is measured beside the confusion matrix, by model and name.

        Of a sampled run, they are those of the cells that were seen.
        """
        groups = self.groups if self.grouped else None
        return {
            model: {name: score for each in own for name, score in each.scores(groups).items()}
            for model, own in self.measured.items()
        }

    @cached_property
    def measures(self) -> pd.DataFrame:
        """Scores of `measured_scores` that are derived from several conditions, with intervals."""
        return measure_table(self.measured_scores, self.spec.suite.scores)

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """Scores derived from several conditions, with their intervals."""
        suite = self.spec.suite
        return intervals(self.bootstraps, suite.scores, suite.class_scores)

    @cached_property
    def sampling(self) -> pd.DataFrame:
        """Derived scores of a sampled run, with where those of the complete run on its frames are.

        In the form of `intervals`; the intervals have no width once all is done.
        """
        models = {model: sampled.over_sample for model, sampled in self.sampled.items()}
        suite = self.spec.suite
        return intervals(models, suite.scores, suite.class_scores)


def relabelled(runs: Sequence[R], labels: Mapping[str, str] | None) -> list[R]:
    """Return runs with other names of models in reports, each label for the runs that have it.

    Raises InputError for a name that no model of all runs, or several, have.
    """
    models = [[model.name for model in run.spec.models] for run in runs]
    meant = read_labels(labels or {}, [name for names in models for name in names])
    return [
        run.relabel({name: text for name, text in meant.items() if name in names})
        for run, names in zip(runs, models, strict=True)
    ]
