"""Predictions that failed, as a run keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.cell import Cell


@dataclass(frozen=True)
class Failure:
    """A failed prediction and its reason; a resumed run tries it again."""

    cell: Cell
    reason: str

    def __str__(self) -> str:
        return f"{self.cell}: {self.reason}"
