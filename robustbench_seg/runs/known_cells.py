"""The cells that a run may hold, by its specification."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from ..protocol.cell import Cell
from ..protocol.frame_spec import FrameSpec
from ..protocol.spec import Spec


class KnownCells:
    """Models, conditions, draws and frames of a specification, for looking cells up."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self._models = {model.name for model in spec.models}
        self._draws = {
            condition.key: len(spec.draws_of(condition)) for condition in spec.conditions
        }
        self._types = {condition.key: type(condition.severity) for condition in spec.conditions}
        self._frames = {frame.name: frame for frame in spec.frames}

    def problem(self, cell: Cell) -> str:
        """Return what the specification lacks of a cell, or ""."""
        key = (cell.condition, cell.severity)
        draws = self._draws.get(key)
        frame = self._frames.get(cell.frame)
        if cell.model not in self._models:
            return f"model {cell.model!r:.60}"
        if draws is None or type(cell.severity) is not self._types[key]:  # 1.0 equals 1
            return f"condition {cell.condition!r:.60} at severity {cell.severity!r:.20}"
        if frame is None:
            return f"frame {cell.frame!r:.60}"
        if frame.condition not in ("", cell.condition):
            return f"frame {cell.frame!r:.60} under {cell.condition}"
        if type(cell.draw) is not int or not 0 <= cell.draw < draws:
            return f"draw {cell.draw!r:.20} of {cell.condition}"
        return ""

    def finished(self, stored: Iterable[Cell]) -> tuple[str, ...]:
        """Return the names of the frames of which all cells are stored, in order.

        The cells are known ones, each once.
        """
        found = Counter(cell.frame for cell in stored)
        return tuple(
            frame.name for frame in self.spec.frames if found[frame.name] == self._number(frame)
        )

    def _number(self, frame: FrameSpec) -> int:
        return len(self._models) * sum(
            draws
            for (condition, _), draws in self._draws.items()
            if frame.condition in ("", condition)
        )

    def pixels(self, cells: Iterable[Cell]) -> np.ndarray:
        """Return the pixels of each class in the frame of each cell: int64 (N, C)."""
        return np.array([self._frames[cell.frame].class_pixels for cell in cells], np.int64)
