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

    def __init__(
        self,
        spec: Spec,
        stored: Iterable[tuple[Cell, NDArray[np.int64]]],
        labels: Mapping[str, str],
    ):
        """Begin with stored matrices; `labels` are the user's names of models."""
        self._class_set = spec.class_set([frame.name for frame in spec.frames])
        self._names = display_names([model.name for model in spec.models], labels)
        self.cells = 0
        self._sums: dict[tuple[str, str, float], ClassCounts] = {}
        self._scores: dict[tuple[str, str, float], float] = {}  # of the sums that are unchanged
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
        notes = {name: self._note(model) for model, name in self._names.items()}
        if len(notes) == 1:
            return f"mIoU {notes.popitem()[1]}"
        return "; ".join(f"{name} {note}" for name, note in notes.items())

    def _note(self, model: str) -> str:
        scores = {key[1:]: self._score(key) for key in self._sums if key[0] == model}
        clean = scores.pop(CLEAN.key, float("nan"))
        found = [f"clean {100 * clean:.1f}"] if clean == clean else []
        found += [f"corrupted {100 * np.mean(list(scores.values())):.1f}"] if scores else []
        return " ".join(found)

    def _score(self, key: tuple[str, str, float]) -> float:
        if key not in self._scores:
            counts = self._sums[key]
            self._scores[key] = float(mean_iou(counts, self._class_set & present_classes(counts)))
        return self._scores[key]
