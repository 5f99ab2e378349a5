"""Confidences by predicted class of a stored run, read again from its store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..protocol.condition import CLEAN
from ..scores.class_confidence import class_bins, class_table
from ..scores.confusions import SUITE
from ..scores.counters.confidence import Confidence
from .condition_sums import ConditionSums
from .store import Store


@dataclass(frozen=True)
class ClassConfidences:
    """Confidences by predicted class of the finished frames of a run, or of its sample."""

    sums: ConditionSums

    @property
    def known(self) -> bool:
        """Whether the run measured confidences."""
        return Confidence.name in self._counters

    @property
    def table(self) -> pd.DataFrame:
        """Confidences by class: see `scores.class_confidence.class_table`.

        The corruptions are clean, `SUITE`, and those that count: each is the mean over the
        severities that count, and the suite the mean over the corruptions.
        """
        with Store.open(self.sums.folder) as store:
            models = [
                (model.name, self._bins(store, model.name)) for model in self.sums.spec.models
            ]
        return class_table(models, self.sums.predicted)

    def _bins(self, store: Store, model: str) -> Mapping[str, NDArray[np.float64]]:
        """Return the bins of a model by corruption, (columns, 3, COARSE) each."""
        place = self._counters.index(Confidence.name)

        def bins(name: str, severity: float) -> NDArray[np.float64]:
            return class_bins(self.sums.of(store, model, name, severity, place))

        found = {CLEAN.name: bins(*CLEAN.key)} if CLEAN in self.sums.spec.conditions else {}
        corrupted = {
            name: np.mean([bins(name, severity) for severity in severities], axis=0)
            for name, severities in self.sums.counted.items()
        }
        if corrupted:
            found[SUITE] = np.mean([*corrupted.values()], axis=0)  # (columns, 3, COARSE)
        return found | corrupted

    @property
    def _counters(self) -> list[str]:
        return [counter.name for counter in self.sums.spec.counters]
