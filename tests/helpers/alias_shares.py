"""Reads alias tables back, for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def table_shares(tables: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the probability, in units of 2**-32, that a level, the row, becomes another."""
    shares = np.zeros((256, 256), np.int64)
    begins, aliases = (tables >> np.uint32(8)).astype(np.int64), tables.astype(np.uint8)
    rows, columns = np.indices(tables.shape)
    np.add.at(shares, (rows, columns), begins)
    np.add.at(shares, (rows, aliases), 2**24 - begins)
    return shares
