"""Confusion matrices of a stored run, read again from its store one condition at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..corruptions.checks import unknown
from ..errors import InputError
from ..protocol.condition import CLEAN, Condition
from ..scores.confusions import SUITE, confusion_table, row_shares
from ..scores.metrics import Matrix, Scores
from .condition_sums import ConditionSums
from .store import Store

_KEPT = 64**2
"""Most counts of a matrix whose shares are kept for all corruptions."""


@dataclass(frozen=True)
class Confusions:
    """Confusions of the finished frames of a run, or of its sample."""

    sums: ConditionSums
    clean: Mapping[str, Matrix]
    """Matrix of the clean frames, by model."""

    def matrix(self, condition: str, model: str | None = None) -> pd.DataFrame:
        """Return a confusion matrix; see `StoredRun.matrix`."""
        found = [_name(each) for each in self.sums.spec.conditions]
        if condition not in found:
            raise InputError(unknown("condition", condition, tuple(found)))
        models = tuple(each.name for each in self.sums.spec.models)
        if model is None and len(models) > 1:
            raise InputError(f"model: the run has {', '.join(models)}; name one of them")
        if model is not None and model not in models:
            raise InputError(unknown("model", model, models))
        key = self.sums.spec.conditions[found.index(condition)].key
        with Store.open(self.sums.folder) as store:
            matrix = self.sums.of(store, model or models[0], *key)
        truth = pd.Index(self.sums.spec.class_names, name="truth")
        return pd.DataFrame(matrix, truth, pd.Index(self.sums.predicted, name="predicted"))

    def matrices(self, model: str) -> Mapping[tuple[str, float], Matrix]:
        """Return the confusion matrix of each condition, by its key."""
        with Store.open(self.sums.folder) as store:
            return {
                condition.key: self.sums.of(store, model, *condition.key)
                for condition in self.sums.spec.conditions
            }

    @property
    def table(self) -> pd.DataFrame:
        """Confusions that grow most: see `scores.confusions.confusion_table`."""
        models = (model.name for model in self.sums.spec.models)
        return confusion_table(
            ((model, self.shares(model)) for model in models), self.sums.predicted
        )

    @property
    def known(self) -> bool:
        """Whether the run has clean frames, corruptions that count, and classes to confuse."""
        return bool(self.clean and self.sums.counted) and self.sums.spec.columns > 1

    def shares(self, model: str) -> Mapping[str, Scores]:
        """Return the shares of predictions, (C, columns), under clean, the suite and corruptions.

        Those of a corruption are the mean over the severities that count, which all have the same
        pixels; of a sample, those of all its cells.
        """
        if model in self._kept:
            return self._kept[model]
        with Store.open(self.sums.folder) as store:
            corrupted = {
                name: row_shares(
                    np.sum([self.sums.of(store, model, name, each) for each in severities], axis=0)
                )
                for name, severities in self.sums.counted.items()
            }
        suite = np.mean([*corrupted.values()], axis=0)  # (corruptions, C, columns) -> (C, columns)
        found = {CLEAN.name: row_shares(self.clean[model]), SUITE: suite, **corrupted}
        if suite.size <= _KEPT:
            self._kept[model] = found
        return found

    @cached_property
    def _kept(self) -> dict[str, Mapping[str, Scores]]:
        return {}


def _name(condition: Condition) -> str:
    """Return the name of a condition as in options: "fog:3"."""
    return f"{condition.name}:{condition.severity}" if condition.severity else condition.name
