"""Matrices and cells that the specification cannot have."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.e2e.hostile.crafted import Change, Crafted, Found, packed, packed_by_byte


def matrices() -> Found:
    def matrix(make: Callable[[Any], Any]) -> Change:
        def change(run: Crafted) -> None:
            run.cells[0][5] = make(run.cells[0][5])

        return change

    def all_of(make: Callable[[Any], Any]) -> Change:
        def change(run: Crafted) -> None:
            for row in run.cells:
                row[5] = make(row[5])

        return change

    def raw(content: bytes) -> Change:
        return matrix(lambda _: zlib.compress(content))

    counts, pixels = "has a count below 1 or above", r"has \d+ pixels of .*, and the frame"
    yield "negated", all_of(lambda m: -m), counts
    yield "times 2^20", all_of(lambda m: m * 2**20), pixels
    yield "times 2^40", all_of(lambda m: m * 2**40), counts
    yield "2^62", all_of(lambda m: np.full_like(m, 2**62)), counts
    yield "2^63 - 1", all_of(lambda m: np.full_like(m, 2**63 - 1)), counts
    yield "-2^63", all_of(lambda m: np.full_like(m, -(2**63))), counts
    yield "2^31 - 1", all_of(lambda m: np.full_like(m, 2**31 - 1)), pixels
    yield (
        "a sum that wraps to the right one",
        matrix(lambda m: _first_row(m, 2**63 - 1, 2**63 - 1, int(m[0].sum()) + 2)),
        counts,
    )
    yield (
        "halves of 2^64 that wrap",
        matrix(lambda m: _first_row(m, -(2**63), -(2**63), int(m[0].sum()))),
        counts,
    )
    yield "tripled", all_of(lambda m: 3 * m), pixels
    yield "one pixel more", matrix(lambda m: m + (m > 0)), pixels
    yield "one pixel less", matrix(lambda m: m - (m > 1)), pixels
    yield "all zero", matrix(np.zeros_like), pixels
    yield "transposed", matrix(lambda m: m.T), pixels
    yield "rows exchanged", matrix(lambda m: m[::-1]), pixels
    yield "of another frame", lambda run: run.cells[0].__setitem__(5, run.cells[-1][5]), pixels
    yield (
        "a negative beside",
        matrix(lambda m: _first_row(m, int(m[0].sum()) + 1, -1)),
        counts,
    )
    for shape in (
        (1, 1),
        (2, 2),
        (3, 4),
        (4, 3),
        (3, 5),
        (4, 4),
        (19, 19),
        (19, 21),
        (9, 1),
        (1, 9),
    ):
        yield f"{shape[0]}x{shape[1]}", all_of(partial(_padded, shape)), "is .* not 3 x 3"
    for shape in ((0, 0), (3, 0), (2**32 - 1, 2**32 - 1), (2**16, 2**16), (3, 2**31), (9, 1)):
        content = b"".join(side.to_bytes(4, "little") for side in shape)
        yield f"{shape[0]}x{shape[1]}, empty", raw(content), "is .* not 3 x 3"
    head = packed([], [])
    yield "no counts", matrix(lambda _: head), pixels
    good = [300, 200, 100]
    for name, places, numbers, words in (
        ("a place outside", [0, 4, 9], good, "has a count outside of it"),
        ("a place at 2^32 - 1", [0, 4, 2**32 - 1], good, "has a count outside of it"),
        ("a place twice", [0, 0, 4, 8], [150, 150, 200, 100], "has two counts at one place"),
        ("places out of order", [4, 0, 8], [200, 300, 100], "has two counts at one place"),
        ("a zero count", [0, 1, 4, 8], [300, 0, 200, 100], counts),
        ("a negative count", [0, 1, 4, 8], [301, -1, 200, 100], counts),
        ("all in one column", [0, 3, 7], [300, 200, 99], pixels),
        ("more places than cells", [*range(10)], [1] * 10, "is cut off, or has more"),
    ):
        yield name, matrix(partial(_packed_instead, places, numbers)), words
    for name, distances, numbers, words in (
        ("a distance past the end", [0, 4, 5], good, "has a count outside of it"),
        ("a distance to 2^32 - 1", [0, 4, 2**32 - 5], good, "has a count outside of it"),
        ("a distance past 2^32", [0, 4, 2**32 - 1], good, "has two counts at one place"),
        ("a distance of 0", [0, 0, 4, 4], [150, 150, 200, 100], "has two counts at one place"),
        ("a negative count by byte", [0, 1, 3, 4], [301, -1, 200, 100], counts),
        ("more distances than cells", [1] * 10, [1] * 10, "is cut off, or has more"),
        ("no distances", [], [], pixels),
    ):
        yield name, matrix(partial(_instead, packed_by_byte(distances, numbers))), words
    yield "by byte", matrix(partial(_instead, packed_by_byte([0, 4, 4], [1, 1, 1]))), pixels
    content = zlib.decompress(packed([0, 4, 8], good))
    for name, stored, words in (
        ("empty", b"", "is 0 x 0"),
        ("no zlib", b"matrix" * 5, "cannot be decompressed"),
        ("zlib cut off", packed([0, 4, 8], good)[:-5], "is cut off, or has more"),
        ("bytes behind", packed([0, 4, 8], good) + b"a", "is cut off, or has more"),
        ("two streams", packed([0, 4, 8], good) * 2, "is cut off, or has more"),
        ("a byte more", zlib.compress(content + b"a"), "is cut off, or has more"),
        ("a byte less", zlib.compress(content[:-1]), "is cut off, or has more"),
        ("half a count", zlib.compress(content[:-6]), "is cut off, or has more"),
        ("the shape alone", zlib.compress(content[:8]), r"has 0 pixels"),
        ("half a shape", zlib.compress(content[:4]), "is 3 x 0"),
        ("a bomb", zlib.compress(content[:8] + bytes(2**24)), "is cut off, or has more"),
        ("a bomb without a shape", zlib.compress(bytes(2**24)), "is 0 x 0"),
        ("a bomb in a bomb", zlib.compress(zlib.compress(bytes(2**24))), "is .* not 3 x 3"),
        ("gzip", b"\x1f\x8b" + bytes(20), "cannot be decompressed"),
        ("a preset dictionary", b"\x78\xbb\0\0\0\1" + bytes(20), "cannot be decompressed"),
    ):
        yield name, matrix(partial(_instead, stored)), words
    yield "a text", matrix(lambda _: "matrix"), "cannot be decompressed"
    yield "a number", matrix(lambda _: 5), "cannot be decompressed"


def _first_row(matrix: Any, *counts: int) -> Any:
    other = matrix.copy()
    other[0] = 0
    other[0, : len(counts)] = counts
    return other


def _instead(stored: Any, _: Any) -> Any:
    return stored


def _packed_instead(places: list[int], counts: list[int], _: Any) -> bytes:
    return packed(places, counts)


def _padded(shape: tuple[int, int], matrix: Any) -> Any:
    other = np.zeros(shape, np.int64)
    rows, columns = min(shape[0], 3), min(shape[1], 3)
    other[:rows, :columns] = matrix[:rows, :columns]
    return other


def cells() -> Found:
    def cell(place: int, value: Any, row: int = 0) -> Change:
        return lambda run: run.cells[row].__setitem__(place, value)

    def added(*key: Any) -> Change:
        return lambda run: run.cells.append([*key, run.cells[0][5]])

    noise = ("b0", "gaussian_noise", 1, "frame_0")
    for name, change in {
        "another model": cell(0, "b7"),
        "a model in capitals": cell(0, "B0"),
        "no model": cell(0, ""),
        "a model of bytes": cell(0, b"b0"),
        "another condition": cell(1, "snow"),
        "a condition with its severity": cell(1, "fog 1"),
        "another frame": cell(3, "frame_9"),
        "a frame of bytes": cell(3, b"frame_0"),
        "a frame with an end of line": cell(3, "frame_0\nfine"),
        "clean at severity 1": cell(2, 1),
        "a severity above": added("b0", "fog", 9, "frame_0", 0),
        "a severity below": added("b0", "fog", -1, "frame_0", 0),
        "no severity": added("b0", "fog", 0, "frame_0", 0),
        "a severity of 2^40": added("b0", "fog", 2**40, "frame_0", 0),
        "a severity in letters": added("b0", "fog", "one", "frame_0", 0),
        "a severity and a half": added("b0", "fog", 1.5, "frame_0", 0),
        "draw 1 of 1": added(*noise, 1),
        "draw -1": added(*noise, -1),
        "draw 2^62": added(*noise, 2**62),
        "draw in letters": added(*noise, "0x0"),
        "draw 1 of clean": added("b0", "clean", 0, "frame_0", 1),
    }.items():
        yield name, change, ".* is not in the specification"
    yield (
        "a draw too many for all",
        lambda run: run.cells.extend([[*row[:4], 1, row[5]] for row in list(run.cells)]),
        "draw 1 of .* is not in the specification",
    )
    yield (
        "a frame of two lines without a digest",
        lambda run: run.after.append("UPDATE cells SET digest = '', frame = frame || char(10)"),
        "(damaged: the digest of .* is wrong|frame .* is not in the specification)",
    )
    yield (
        "no digest",
        lambda run: run.after.append("UPDATE cells SET digest = ''"),
        "damaged: the digest of .* is wrong",
    )
