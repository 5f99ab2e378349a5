"""A run as plain values, to be changed in any way and stored with digests that are right."""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from robustbench_seg.protocol.spec import Spec
from robustbench_seg.runs.database import FILE, SCHEMA, VERSION, digest
from robustbench_seg.runs.packed_counts import pack
from robustbench_seg.runs.pictures import CAPTIONS
from tests.helpers.stored_runs import SESSION, cells_of_spec, small_png, stored_spec

Row = list[Any]


@dataclass
class Crafted:
    """The content of a run; a change is a function of it."""

    spec: Any
    cells: list[Row]
    """Model, condition, severity, frame, draw, matrix: an array, or its bytes."""
    sessions: list[Any] = field(default_factory=lambda: [json.loads(json.dumps(SESSION))])
    pictures: list[Row] = field(default_factory=list)
    failures: list[Row] = field(default_factory=list)
    text: Any = None
    """The specification as stored, where it is not the JSON of `spec`."""
    meta: dict[str, Any] = field(default_factory=dict)
    """Further rows of that table; None: left out."""
    before: list[str] = field(default_factory=list)
    """Statements before the schema, such as PRAGMAs of the file."""
    schema: str = SCHEMA
    after: list[str] = field(default_factory=list)
    """Statements after all rows."""
    beside: Callable[[Path], None] = lambda path: None
    """What is done at the end with the path of the file."""

    def write(self, folder: Path) -> Path:
        """Store the run in a folder, and return its file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        path.unlink(missing_ok=True)
        text = json.dumps(self.spec) if self.text is None else self.text
        meta = {"version": str(VERSION), "spec": text, "digest": digest("spec", text), **self.meta}
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in ("PRAGMA synchronous = OFF", *self.before, *self.schema.split(";")):
                connection.execute(statement)
            connection.execute("BEGIN")
            self._insert(connection, "meta", [row for row in meta.items() if row[1] is not None])
            sessions = [
                each if isinstance(each, str) else json.dumps(each) for each in self.sessions
            ]
            self._insert(
                connection, "sessions", [(n, s) for n, s in enumerate(sessions)], "session"
            )
            for table in ("cells", "pictures", "failures"):
                self._insert(connection, table, getattr(self, table), "")
            connection.execute("COMMIT")
            for statement in self.after:
                connection.execute(statement)
        self.beside(path)
        return path

    def _insert(
        self, connection: sqlite3.Connection, table: str, rows: list[Any], kind: str | None = None
    ) -> None:
        for row in rows:
            stored = [pack([each]) if isinstance(each, np.ndarray) else each for each in row]
            if kind is not None:
                stored.append(digest(kind, *stored[1:]) if kind else digest(*stored))
            marks = ", ".join("?" * len(stored))
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", stored)


Change = Callable[[Crafted], object]
Found = Iterator[tuple[str, Change, str | None]]
"""Changes with their name and the message that is expected; None: the run is read."""


def crafted(spec: Spec | None = None) -> Crafted:
    """Return a whole run of two models on two frames, with pictures and a session."""
    spec = spec or stored_spec()
    cells: list[Row] = [
        [cell.model, cell.condition, cell.severity, cell.frame, cell.draw, matrix]
        for cell, matrix in cells_of_spec(spec).items()
    ]
    pictures: list[Row] = [[*cells[0][:5], caption, small_png()] for caption in CAPTIONS]
    return Crafted(json.loads(json.dumps(spec.to_dict())), cells, pictures=pictures)


def packed(places: list[int], counts: list[int], shape: tuple[int, int] = (3, 3)) -> bytes:
    """Return a matrix of any places and counts as a run stores it."""
    words = struct.pack(f"<2I{len(places)}I", *shape, *places)
    return zlib.compress(
        words + b"".join(count.to_bytes(8, "little", signed=True) for count in counts)
    )


def packed_by_byte(distances: list[int], counts: list[int]) -> bytes:
    """Return a 3 x 3 matrix of any distances and counts as a run of format 5 stores it."""
    numbers = [
        distance.to_bytes(4, "little") + count.to_bytes(8, "little", signed=True)
        for distance, count in zip(distances, counts, strict=True)
    ]
    planes = (bytes(number[place] for number in numbers) for place in range(12))
    return zlib.compress(struct.pack("<2I", 2**31 + 3, 3) + b"".join(planes))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG file of any chunks, with right checksums."""
    parts = [
        struct.pack(">I", len(content))
        + kind
        + content
        + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def at(values: Any, path: tuple[str | int, ...]) -> Any:
    """Return the list or table that holds the last part of a path."""
    for part in path[:-1]:
        values = values[part]
    return values


def paths(values: Any, start: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all values within plain values."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(values, Mapping):
        items = list(values.items())
    elif isinstance(values, list):
        items = list(enumerate(values))
    return [p for key, each in items for p in ((*start, key), *paths(each, (*start, key)))]
