"""Sums of the counts of a stored run by condition, read again from its store one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..protocol.spec import Spec
from ..scores.confusions import NO_CLASS
from .sample import Sample
from .store import Store


@dataclass(frozen=True)
class ConditionSums:
    """Sums over the finished frames of a run, or over its sample, and over draws."""

    folder: Path
    spec: Spec
    frames: frozenset[str]
    """Names of the frames that count."""
    sample: Sample | None
    """Cells that count where the scores are estimates."""

    def of(
        self, store: Store, model: str, condition: str, severity: float, counter: int = 0
    ) -> NDArray[np.int64]:
        """Return the sum of the counts of one of `spec.counters` under a condition."""
        total = np.zeros(self.spec.count_shapes[counter], np.int64)
        for cells, stacks in store.stacks((model, condition, severity)):
            counts = [
                cell in self.sample.cells if self.sample else cell.frame in self.frames
                for cell in cells
            ]
            total += stacks[counter][counts].sum(axis=0)  # (N, *shape) -> shape
        return total

    @property
    def predicted(self) -> tuple[str, ...]:
        """Names of the values of a predicted label."""
        names = self.spec.class_names
        return (*names, *[NO_CLASS][: self.spec.columns - len(names)])

    @cached_property
    def counted(self) -> Mapping[str, tuple[float, ...]]:
        """Severities that count, of each corruption that has some."""
        policy = self.spec.suite.policy
        columns = policy.columns if policy else ()
        return {column.corruption: column.counted for column in columns if column.counted}
