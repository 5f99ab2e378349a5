"""The scores so far, while a run is under way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..scores.metrics import mean_iou
from .conditions import CLEAN
from .run import sum_matrices
from .spec import Spec
from .store import Cell


class RunningScore:
    """Sums of the matrices so far, of a new run or of one that is resumed."""

    def __init__(self, spec: Spec, stored: Iterable[tuple[Cell, NDArray[np.int64]]]):
        self._class_set = spec.class_set([frame.name for frame in spec.frames])
        self._models = [model.name for model in spec.models]
        known = list(stored)
        self.cells = len(known)
        self._sums = sum_matrices(known)

    def add(self, cells: Mapping[Cell, NDArray[np.int64]]) -> None:
        """Count more cells."""
        self.cells += len(cells)
        for key, matrix in sum_matrices(cells.items()).items():
            self._sums[key] = self._sums.get(key, 0) + matrix

    def note(self) -> str:
        """Return each model's mIoU so far in percent: clean, and the mean of the corrupted."""
        if len(self._models) == 1:
            return self._note(self._models[0])
        return "; ".join(f"{model} {self._note(model)}" for model in self._models)

    def _note(self, model: str) -> str:
        scores = {
            (condition, severity): mean_iou(matrix, self._class_set)
            for (name, condition, severity), matrix in self._sums.items()
            if name == model
        }
        clean = scores.pop((CLEAN, 0), float("nan"))
        corrupted = float(np.mean(list(scores.values()))) if scores else float("nan")
        return f"mIoU clean {100 * clean:.1f} corrupted {100 * corrupted:.1f}"
