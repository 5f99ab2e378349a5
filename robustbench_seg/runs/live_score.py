"""Scores so far, while a run is under way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized

import numpy as np
from numpy.typing import NDArray

from ..models.display_names import display_names
from ..protocol.cell import Cell
from ..protocol.condition import CLEAN
from ..protocol.spec import Spec
from ..scores.metrics import ClassCounts, class_counts, mean_iou, present_classes


class LiveScore:
    """Sums of the counts of a run that is new or resumed."""

    def __init__(self, spec: Spec, stored: Iterable[tuple[Cell, NDArray[np.int64]]]):
        self._class_set = spec.class_set([frame.name for frame in spec.frames])
        self._models = [model.name for model in spec.models]
        self.cells = 0
        self._sums: dict[tuple[str, str, int], ClassCounts] = {}
        self._scores: dict[tuple[str, str, int], float] = {}  # of the sums that are unchanged
        for cell, matrix in stored:
            self.add({cell: matrix})

    def add(self, cells: Mapping[Cell, NDArray[np.int64]], failures: Sized = ()) -> None:
        """Count finished cells, and failed ones, which have no score."""
        for cell, matrix in cells.items():
            key = (cell.model, cell.condition, cell.severity)
            counts = zip(self._sums.get(key, (0, 0, 0)), class_counts(matrix), strict=True)
            self._sums[key] = ClassCounts(*(before + added for before, added in counts))
            self._scores.pop(key, None)
        self.cells += len(cells) + len(failures)

    def note(self) -> str:
        """Return each model's mIoU so far in percent: clean, and the mean over corrupted images."""
        if len(self._models) == 1:
            return f"mIoU {self._note(self._models[0])}"
        shown = display_names(self._models)
        return "; ".join(f"{shown[model]} {self._note(model)}" for model in self._models)

    def _note(self, model: str) -> str:
        scores = {key[1:]: self._score(key) for key in self._sums if key[0] == model}
        clean = scores.pop(CLEAN.key, float("nan"))
        corrupted = float(np.mean(list(scores.values()))) if scores else float("nan")
        return f"clean {100 * clean:.1f} corrupted {100 * corrupted:.1f}"

    def _score(self, key: tuple[str, str, int]) -> float:
        if key not in self._scores:
            counts = self._sums[key]
            self._scores[key] = float(mean_iou(counts, self._class_set & present_classes(counts)))
        return self._scores[key]
