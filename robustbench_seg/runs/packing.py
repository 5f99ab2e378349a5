"""Confusion matrices as the few bytes that a store keeps of each."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray


def pack(matrix: NDArray[np.int64]) -> bytes:
    """Return a matrix (C, C) or (C, C + 1), compressed.

    Most counts are 0, of 150 classes nearly all: so its shape, the places of the others, and these.
    """
    places = np.flatnonzero(matrix)
    parts = (
        np.array(matrix.shape, "<u4"),
        places.astype("<u4"),
        matrix.ravel()[places].astype("<i8"),
    )
    return zlib.compress(b"".join(part.tobytes() for part in parts))


def unpack(packed: bytes) -> NDArray[np.int64]:
    """Return the matrix; zlib.error or ValueError if it is none."""
    content = zlib.decompress(packed)
    rows, columns = np.frombuffer(content[:8], "<u4").tolist()
    rest = content[8:]
    count = len(rest) // (4 + 8)
    matrix = np.zeros((rows, columns), np.int64)
    matrix.flat[np.frombuffer(rest, "<u4", count)] = np.frombuffer(rest, "<i8", offset=4 * count)
    return matrix
