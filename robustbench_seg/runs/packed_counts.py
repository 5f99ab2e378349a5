"""Counts as a run stores them: compressed, and checked as they are read.

A cell has an array of each counter of the run, the confusion matrix first. Stored are of each its
shape, the places of its counts other than 0, and the counts: uint32 (dimensions,), uint32 (n,) and
int64 (n,), little-endian, in one zlib stream. The streams follow one another.

Since format 5 of a run, the distances of the places are stored in their stead, and the lowest byte
of each number comes first, then the next ones: zlib makes that half as large. `_BY_BYTE` in the
first word of the shape marks such a stream.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..scores.counters import Counts

_COUNT = 4 + 8
"""Bytes of a count with its place."""
_BY_BYTE = 2**31
"""Added to the first side of a shape, which is far smaller: bytes are ordered by their value."""


class CountsError(ValueError):
    """Stored counts that are none: their index among those read together, and what is wrong."""

    def __init__(self, index: int, what: str):
        super().__init__(what)
        self.index = index


def pack(counts: Sequence[Counts]) -> bytes:
    """Return the counts of a cell as they are stored."""
    return b"".join(zlib.compress(_by_byte(each)) for each in counts)


def _by_byte(counts: Counts) -> bytes:
    shape, places = np.array(counts.shape, "<u4"), np.flatnonzero(counts)
    shape[0] += _BY_BYTE
    distances = np.diff(places, prepend=0).astype("<u4")
    numbers = distances, counts.ravel()[places].astype("<i8")
    return shape.tobytes() + b"".join(
        each.view(np.uint8).reshape(len(each), each.itemsize).T.tobytes() for each in numbers
    )


def plain(counts: Counts) -> bytes:
    """Return counts as format 4 stores them, before compression: equal for equal counts."""
    shape, places = np.array(counts.shape, "<u4"), np.flatnonzero(counts)
    parts = (shape, places.astype("<u4"), counts.ravel()[places].astype("<i8"))
    return b"".join(part.tobytes() for part in parts)


def unpack(
    stored: Sequence[bytes], shapes: Sequence[tuple[int, ...]], most: Sequence[int]
) -> list[Counts]:
    """Return the stored counts of N cells as one array for each counter, (N, *shape).

    `most` bounds the counts of each counter. Raises CountsError for other shapes and for counts
    that are below 1 or above the bound.
    """
    stacks, rest = [], list(stored)
    for number, (shape, bound) in enumerate(zip(shapes, most, strict=True), start=1):
        contents = []
        for index, each in enumerate(rest):
            content, rest[index] = _inflated(each, shape, index)
            if rest[index] and number == len(shapes):
                raise CountsError(index, "is cut off, or has more than its counts")
            contents.append(content)
        stacks.append(_stack(contents, shape, bound))
    return stacks


def _stack(contents: Sequence[bytes], shape: tuple[int, ...], bound: int) -> Counts:
    header, size = 4 * len(shape), math.prod(shape)
    contents = [_in_order(each, header) for each in contents]
    counted = np.array([(len(each) - header) // _COUNT for each in contents])  # (N,)
    ends = header + 4 * counted
    pairs = list(zip(contents, ends.tolist(), strict=True))
    # n of all cells in a row:
    places = np.frombuffer(b"".join(each[header:end] for each, end in pairs), "<u4")
    counts = np.frombuffer(b"".join(each[end:] for each, end in pairs), "<i8")
    owner = np.repeat(np.arange(len(contents)), counted)
    flat = owner * size + places  # place in the stack
    rising = np.diff(flat, prepend=-1) > 0
    _require(places < size, owner, "has a count outside of it")
    _require(rising, owner, "has two counts at one place, or out of order")
    # Bounded one by one, so that no sum of them can overflow.
    words = f"has a count below 1 or above 2^{bound.bit_length() - 1}"
    _require((counts > 0) & (counts < bound), owner, words)
    stack = np.zeros((len(contents), *shape), np.int64)  # (N, *shape)
    stack.reshape(-1)[flat] = counts
    return stack


def _in_order(content: bytes, header: int) -> bytes:
    """Return a content in the form of format 4."""
    if content[3] < _BY_BYTE >> 24:
        return content
    planes = np.frombuffer(content[header:], np.uint8).reshape(_COUNT, -1)  # (12, n)
    distances, counts = (
        np.ascontiguousarray(part.T).view(kind).ravel()  # (bytes, n) -> (n,)
        for part, kind in ((planes[:4], "<u4"), (planes[4:], "<i8"))
    )
    places = np.cumsum(distances, dtype="<u4")  # past 2^32 it falls, which is refused
    return content[:header] + places.tobytes() + counts.tobytes()


def _require(good: NDArray[np.bool_], owner: NDArray[np.intp], what: str) -> None:
    if not good.all():
        raise CountsError(int(owner[good.argmin()]), what)


def _inflated(stored: bytes, shape: tuple[int, ...], index: int) -> tuple[bytes, bytes]:
    """Return the content of the first stream, no more than such counts can have, and what follows.

    Raises CountsError for content of another shape.
    """
    header = 4 * len(shape)
    most = header + _COUNT * math.prod(shape)
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(stored, most + 1)
    except (zlib.error, TypeError) as error:  # TypeError: not bytes
        raise CountsError(index, "cannot be decompressed") from error
    found = tuple(np.frombuffer(content[:header].ljust(header, b"\0"), "<u4").tolist())
    found = (found[0] % _BY_BYTE, *found[1:])
    if found != shape:
        texts = (" x ".join(map(str, each)) for each in (found, shape))
        raise CountsError(index, "is {}, not {}".format(*texts))
    if len(content) > most or not stream.eof or (len(content) - header) % _COUNT:
        raise CountsError(index, "is cut off, or has more than its counts")
    return content, stream.unused_data
