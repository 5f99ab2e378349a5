"""A stored run, as tables. It needs neither the models nor the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corruptions import Suite

from ..errors import InputError
from ..scores import tables
from .conditions import conditions_of
from .spec import Spec
from .store import Cell, Picture, Store

TABLES: dict[str, Callable[[pd.DataFrame, Suite], pd.DataFrame]] = {
    "tidy": lambda tidy, suite: tidy,  # noqa: ARG005
    "summary": tables.summary,
    "suite": tables.suite_table,
    "severities": tables.severity_table,
    "classes": tables.class_table,
}


class Run:
    """What a run found. Of an unfinished one: the frames that are finished under all conditions."""

    def __init__(
        self,
        folder: Path,
        spec: Spec,
        matrices: Iterable[tuple[Cell, NDArray[np.int64]]],
        sessions: list[dict[str, Any]],
        pictures: list[Picture],
    ):
        self.folder = folder
        self.spec = spec
        self.sessions = sessions
        self.pictures = pictures
        self._cells = dict(matrices)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Read the run in a folder; InputError if there is none, or if it is damaged."""
        folder = Path(folder)
        with Store.open(folder) as store:
            spec = Spec.from_dict(store.spec())
            return cls(folder, spec, store.matrices(), store.sessions(), store.pictures())

    @cached_property
    def frames(self) -> tuple[str, ...]:
        """The names of the frames that are finished under all conditions for all models."""
        wanted = len(self.spec.models) * len(conditions_of(self.spec.suite))
        stored = Counter(cell.frame for cell in self._cells)
        return tuple(frame.name for frame in self.spec.frames if stored[frame.name] == wanted)

    @property
    def complete(self) -> bool:
        """Whether every frame is finished."""
        return len(self.frames) == len(self.spec.frames)

    @property
    def class_set(self) -> NDArray[np.bool_]:
        """The classes with ground truth in the finished frames, as a mask (C,)."""
        return self.spec.class_set(self.frames)

    def table(self, name: str = "summary") -> pd.DataFrame:
        """Return a table of scores: "tidy", "summary", "suite", "severities" or "classes".

        Scores are shares (0-1), taken over the finished frames. Raises InputError for another name,
        and where no frame is finished.
        """
        if name not in TABLES:
            raise InputError(f"table {name!r}: unknown; there are {', '.join(TABLES)}")
        return TABLES[name](self._tidy, self.spec.suite)

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        if not self.frames:
            raise InputError(
                f"{self.folder}: no frame is finished yet; run the same command again to go on"
            )
        finished = set(self.frames)
        sums = sum_matrices(
            (cell, matrix) for cell, matrix in self._cells.items() if cell.frame in finished
        )
        order = [
            (model.name, condition.name, condition.severity)
            for model in self.spec.models
            for condition in conditions_of(self.spec.suite)
        ]
        sums = {key: sums[key] for key in order}
        return tables.tidy(sums, self.spec.class_names, self.class_set, len(self.frames))

    def _repr_html_(self) -> str:
        return self.table().to_html()


def sum_matrices(
    cells: Iterable[tuple[Cell, NDArray[np.int64]]],
) -> dict[tuple[str, str, int], NDArray[np.int64]]:
    """Return the sum over frames of the matrices of each (model, condition, severity)."""
    sums: dict[tuple[str, str, int], NDArray[np.int64]] = {}
    for cell, matrix in cells:
        key = (cell.model, cell.condition, cell.severity)
        sums[key] = sums[key] + matrix if key in sums else matrix
    return sums
