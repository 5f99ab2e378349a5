"""Confusion matrices of a stored run, read again from its store one condition at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ..corruptions.checks import unknown
from ..errors import InputError
from ..protocol.condition import CLEAN, Condition
from ..protocol.spec import Spec
from ..scores.confusions import NO_CLASS, SUITE, confusion_table, row_shares
from ..scores.metrics import Matrix, Scores
from .sample import Sample
from .store import Store

_KEPT = 64**2
"""Most counts of a matrix whose shares are kept for all corruptions."""


@dataclass(frozen=True)
class Confusions:
    """Confusions of the finished frames of a run, or of its sample."""

    folder: Path
    spec: Spec
    frames: frozenset[str]
    """Names of the frames that count."""
    sample: Sample | None
    """Cells that count where the scores are estimates."""
    clean: Mapping[str, Matrix]
    """Matrix of the clean frames, by model."""

    def matrix(self, condition: str, model: str | None = None) -> pd.DataFrame:
        """Return a confusion matrix; see `StoredRun.matrix`."""
        found = [_name(each) for each in self.spec.conditions]
        if condition not in found:
            raise InputError(unknown("condition", condition, tuple(found)))
        models = tuple(each.name for each in self.spec.models)
        if model is None and len(models) > 1:
            raise InputError(f"model: the run has {', '.join(models)}; name one of them")
        if model is not None and model not in models:
            raise InputError(unknown("model", model, models))
        key = self.spec.conditions[found.index(condition)].key
        with Store.open(self.folder) as store:
            matrix = self._sum(store, model or models[0], *key)
        truth = pd.Index(self.spec.class_names, name="truth")
        return pd.DataFrame(matrix, truth, pd.Index(self._predicted, name="predicted"))

    @property
    def table(self) -> pd.DataFrame:
        """Confusions that grow most: see `scores.confusions.confusion_table`."""
        models = (model.name for model in self.spec.models)
        return confusion_table(((model, self.shares(model)) for model in models), self._predicted)

    @property
    def known(self) -> bool:
        """Whether the run has clean frames, corruptions that count, and classes to confuse."""
        return bool(self.clean and self._counted) and self.spec.columns > 1

    @cached_property
    def _counted(self) -> Mapping[str, tuple[int, ...]]:
        """Severities that count, of each corruption that has some."""
        policy = self.spec.suite.policy
        columns = policy.columns if policy else ()
        return {column.corruption: column.counted for column in columns if column.counted}

    def shares(self, model: str) -> Mapping[str, Scores]:
        """Return the shares of predictions, (C, columns), under clean, the suite and corruptions.

        Those of a corruption are the mean over the severities that count, which all have the same
        pixels; of a sample, those of all its cells.
        """
        if model in self._kept:
            return self._kept[model]
        with Store.open(self.folder) as store:
            corrupted = {
                name: row_shares(
                    np.sum([self._sum(store, model, name, each) for each in severities], axis=0)
                )
                for name, severities in self._counted.items()
            }
        suite = np.mean([*corrupted.values()], axis=0)  # (corruptions, C, columns) -> (C, columns)
        found = {CLEAN.name: row_shares(self.clean[model]), SUITE: suite, **corrupted}
        if suite.size <= _KEPT:
            self._kept[model] = found
        return found

    @cached_property
    def _kept(self) -> dict[str, Mapping[str, Scores]]:
        return {}

    @property
    def _predicted(self) -> tuple[str, ...]:
        names = self.spec.class_names
        return (*names, *[NO_CLASS][: self.spec.columns - len(names)])

    def _sum(self, store: Store, model: str, condition: str, severity: int) -> Matrix:
        """Return the sum of the matrices of a condition over frames and draws: (C, columns)."""
        total = np.zeros((len(self.spec.classes), self.spec.columns), np.int64)
        for cells, (stack, *_) in store.stacks((model, condition, severity)):
            counts = [
                cell in self.sample.cells if self.sample else cell.frame in self.frames
                for cell in cells
            ]
            total += stack[counts].sum(axis=0)  # (N, C, columns) -> (C, columns)
        return total


def _name(condition: Condition) -> str:
    """Return the name of a condition as in options: "fog:3"."""
    return f"{condition.name}:{condition.severity}" if condition.severity else condition.name
