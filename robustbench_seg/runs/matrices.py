"""Confusion matrices as a run stores them: compressed, and checked as they are read.

A matrix of a frame is int64 (C, C), or (C, C + 1) where predictions may be of no class. Its rows
add up to the pixels of the frame's classes. Stored are its shape, the places of its counts, and
the counts: uint32 (2,), uint32 (n,) and int64 (n,), little-endian, in one zlib stream.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_HEADER, _COUNT = 8, 4 + 8
"""Bytes of the shape, and of each count with its place."""


class MatrixError(ValueError):
    """A stored matrix that is none: its index among those read together, and what is wrong."""

    def __init__(self, index: int, what: str):
        super().__init__(what)
        self.index = index


def pack(matrix: NDArray[np.int64]) -> bytes:
    """Return a matrix (C, C) or (C, C + 1) as it is stored."""
    return zlib.compress(plain(matrix))


def plain(matrix: NDArray[np.int64]) -> bytes:
    """Return a matrix as it is stored, before it is compressed: equal for equal matrices."""
    shape, places = np.array(matrix.shape, "<u4"), np.flatnonzero(matrix)
    parts = (shape, places.astype("<u4"), matrix.ravel()[places].astype("<i8"))
    return b"".join(part.tobytes() for part in parts)


def unpack(
    stored: Sequence[bytes], columns: int, pixels: NDArray[np.int64], classes: Sequence[str]
) -> NDArray[np.int64]:
    """Return stored matrices as (N, C, columns).

    `pixels` has the pixels of each class in the frame of each, (N, C), none above 2^31. Raises
    MatrixError for other shapes, and for counts that do not add up to these pixels.
    """
    shape = (len(classes), columns)
    contents = [_inflated(each, shape, index) for index, each in enumerate(stored)]
    counted = np.array([(len(each) - _HEADER) // _COUNT for each in contents])  # (N,)
    ends = _HEADER + 4 * counted
    pairs = list(zip(contents, ends.tolist(), strict=True))
    # n of all matrices in a row:
    places = np.frombuffer(b"".join(each[_HEADER:end] for each, end in pairs), "<u4")
    counts = np.frombuffer(b"".join(each[end:] for each, end in pairs), "<i8")
    owner = np.repeat(np.arange(len(contents)), counted)
    size = shape[0] * shape[1]
    flat = owner * size + places  # place in the stack
    rising = np.diff(flat, prepend=-1) > 0
    _require(places < size, owner, "has a count outside of it")
    _require(rising, owner, "has two counts at one place, or out of order")
    # Bounded one by one, so that no sum of them can overflow.
    _require((counts > 0) & (counts < 2**31), owner, "has a count below 1 or above 2^31")
    stack = np.zeros((len(contents), *shape), np.int64)  # (N, C, columns)
    stack.reshape(-1)[flat] = counts
    sums = stack.sum(axis=2)  # (N, C, columns) -> (N, C)
    wrong = np.argwhere(sums != pixels)
    if len(wrong):
        index, place = wrong[0].tolist()
        raise MatrixError(
            index,
            f"has {sums[index, place]} pixels of {classes[place]}, and the frame "
            f"{pixels[index, place]}",
        )
    return stack


def _require(good: NDArray[np.bool_], owner: NDArray[np.intp], what: str) -> None:
    if not good.all():
        raise MatrixError(int(owner[good.argmin()]), what)


def _inflated(stored: bytes, shape: tuple[int, int], index: int) -> bytes:
    """Return the content of a stored matrix, no more than such a matrix can have."""
    most = _HEADER + _COUNT * shape[0] * shape[1]
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(stored, most + 1)
    except (zlib.error, TypeError) as error:  # TypeError: not bytes
        raise MatrixError(index, "cannot be decompressed") from error
    rows, columns = np.frombuffer(content[:_HEADER].ljust(_HEADER, b"\0"), "<u4").tolist()
    if (rows, columns) != shape:
        raise MatrixError(index, f"is {rows} x {columns}, not {shape[0]} x {shape[1]}")
    whole = stream.eof and not stream.unused_data and len(content) % _COUNT == _HEADER
    if len(content) > most or not whole:
        raise MatrixError(index, "is cut off, or has more than its counts")
    return content
