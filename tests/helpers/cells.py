"""Content of a run, for comparison with another."""

from __future__ import annotations

import hashlib
from pathlib import Path

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.runs.store import Store


def cells_of(folder: Path) -> dict[Cell, str]:
    """Return the digest of each matrix of a run."""
    with Store.open(folder) as store:
        return {
            cell: hashlib.sha256(matrix.tobytes()).hexdigest() for cell, matrix in store.matrices()
        }
