"""A run on disk: a transactional SQLite file with a confusion matrix for each cell.

Cells are committed in groups, atomically. Every row has a digest of its key and content, which is
checked when the row is read.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..folders import check_folder
from ..protocol.cell import Cell
from .database import FILE, SCHEMA, VERSION, digest, exclusive_lock, is_initialised, sqlite_errors
from .differences import differences

_KEY = "model, condition, severity, frame, draw"
CAPTIONS = INPUT, PREDICTION, TRUTH = "input", "prediction", "ground truth"


@dataclass(frozen=True)
class Picture:
    """An example picture for reports, a small PNG: input, prediction or ground truth of a cell."""

    cell: Cell
    caption: str
    png: bytes


@dataclass(frozen=True)
class Failure:
    """A failed prediction and its reason; a resumed run tries it again."""

    cell: Cell
    reason: str

    def __str__(self) -> str:
        return f"{self.cell}: {self.reason}"


class Store:
    """The database of one run."""

    def __init__(self, folder: Path, connection: sqlite3.Connection):
        self.folder = folder
        self._connection = connection
        self._file = (folder / FILE).stat()

    @classmethod
    @contextmanager
    def create_or_resume(cls, folder: Path, spec: Mapping[str, Any]) -> Iterator[Store]:
        """Open the run of a specification, new or resumed, for this process alone.

        Raises InputError if the folder holds a run of another specification or other files, is in
        use, is damaged or cannot be written, now or later.
        """
        check_folder(folder, FILE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / FILE).touch()  # marks the folder as that of a run
        except OSError as error:
            raise InputError(f"--out {folder}: cannot be written ({error.strerror})") from error
        with (
            exclusive_lock(folder),
            sqlite_errors(f"--out {folder}"),
            closing(sqlite3.connect(folder / FILE, timeout=60)) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")  # fails early, where writing is refused
            if not is_initialised(connection):
                for statement in SCHEMA.split(";"):
                    connection.execute(statement)
                text = json.dumps(spec)
                meta = {"version": str(VERSION), "spec": text, "digest": digest("spec", text)}
                connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            connection.commit()
            store = cls(folder, connection)
            store._check()
            if found := differences(store.spec(), spec):
                raise InputError(
                    f"--out {folder}: holds another run, which differs in {found}; "
                    "name another folder"
                )
            yield store

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Store]:
        """Open an existing run for reading; InputError if there is none, or if it is damaged."""
        path = folder / FILE
        if not path.is_file():
            raise InputError(f"{folder}: no run here (expected {FILE} in it)")
        # Reading may have to roll back an interrupted commit, which writes.
        mode = "rw" if os.access(path, os.W_OK) and os.access(folder, os.W_OK) else "ro"
        address = f"{path.resolve().as_uri()}?mode={mode}"
        with (
            sqlite_errors(str(path)),
            closing(sqlite3.connect(address, uri=True, timeout=60)) as found,
        ):
            if not is_initialised(found):
                raise InputError(
                    f"{folder}: no run here yet ({FILE} is empty); run robustseg eval again"
                )
            store = cls(folder, found)
            store._check()
            yield store

    def _check(self) -> None:
        """Raise InputError if the structure of the file is damaged; digests protect the content."""
        (found,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise self._damaged(" ".join(str(found).split()))

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self.folder / FILE}: damaged: {what}; restore a backup, or run again in another "
            "folder"
        )

    def _intact(self, what: object, stored: object, *content: Any) -> None:
        if digest(*content) != stored:
            raise self._damaged(f"the digest of {what} is wrong")

    def spec(self) -> dict[str, Any]:
        """Return the specification of the run as plain values."""
        meta = dict(self._connection.execute("SELECT key, value FROM meta"))
        if meta.get("version") != str(VERSION):
            raise InputError(
                f"{self.folder / FILE}: made by another version of robustseg, or damaged "
                f"(format {meta.get('version')}, this one reads {VERSION})"
            )
        self._intact("the specification", meta.get("digest"), "spec", meta.get("spec"))
        spec: dict[str, Any] = json.loads(meta["spec"])
        return spec

    def add_session(self, provenance: Mapping[str, Any]) -> None:
        """Record the provenance of a start of the run."""
        text = json.dumps(provenance)
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sessions (provenance, digest) VALUES (?, ?)",
                (text, digest("session", text)),
            )

    def sessions(self) -> list[dict[str, Any]]:
        """Return the provenance of each start of the run, first to last."""
        sessions = []
        for number, text, stored in self._connection.execute(
            "SELECT id, provenance, digest FROM sessions ORDER BY id"
        ):
            self._intact(f"session {number}", stored, "session", text)
            sessions.append(json.loads(text))
        return sessions

    def add(
        self,
        cells: Mapping[Cell, NDArray[np.int64]],
        pictures: Iterable[Picture] = (),
        failures: Iterable[Failure] = (),
    ) -> None:
        """Commit matrices (C, C) or (C, C + 1), pictures and failures in one transaction.

        A matrix replaces an earlier failure of its cell; a failure never replaces a matrix.
        """
        rows: dict[str, list[tuple[Any, ...]]] = {
            "cells": [(cell, _packed(matrix)) for cell, matrix in cells.items()],
            "pictures": [(item.cell, item.caption, item.png) for item in pictures],
            "failures": [(item.cell, item.reason) for item in failures],
        }
        with self._transaction() as connection:
            for table, found in rows.items():
                for cell, *content in found:
                    row = (*astuple(cell), *content)
                    marks = ", ".join("?" * (len(row) + 1))
                    connection.execute(
                        f"INSERT OR REPLACE INTO {table} VALUES ({marks})", (*row, digest(*row))
                    )
            connection.execute(f"DELETE FROM failures WHERE ({_KEY}) IN (SELECT {_KEY} FROM cells)")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # SQLite goes on writing to a deleted file.
        path = self.folder / FILE
        if not path.is_file() or not os.path.samestat(path.stat(), self._file):
            raise InputError(
                f"--out {self.folder}: {FILE} was deleted or replaced while the run was under way; "
                "run the same command again"
            )
        with self._connection:
            yield self._connection

    def stored(self) -> set[Cell]:
        """Return the cells that have a matrix."""
        return {Cell(*row) for row in self._connection.execute(f"SELECT {_KEY} FROM cells")}

    def matrices(self) -> Iterator[tuple[Cell, NDArray[np.int64]]]:
        """Yield each cell with its matrix, (C, C) or (C, C + 1).

        Raises InputError if a digest does not match.
        """
        for cell, packed in self._rows("cells", "matrix"):
            yield cell, _unpacked(packed)

    def pictures(self) -> list[Picture]:
        """Return the stored pictures, in a fixed order."""
        order = "ORDER BY model, frame, condition, severity, draw, caption"
        return [Picture(*row) for row in self._rows("pictures", "caption, png", order)]

    def failures(self) -> list[Failure]:
        """Return the predictions that failed when last tried, in a fixed order."""
        order = "ORDER BY frame, condition, severity, draw, model"
        return [Failure(*row) for row in self._rows("failures", "reason", order)]

    def _rows(self, table: str, columns: str, order: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the cell and the columns of each row; InputError if its digest does not match."""
        rows = self._connection.execute(f"SELECT {_KEY}, {columns}, digest FROM {table} {order}")
        for *content, stored in rows:
            cell = Cell(*content[:5])
            self._intact(f"{cell} in {table}", stored, *content)
            yield cell, *content[5:]


def _packed(matrix: NDArray[np.int64]) -> bytes:
    """Return a matrix (C, C) or (C, C + 1) compressed: shape, places of nonzero counts, counts."""
    shape, places = np.array(matrix.shape, "<u4"), np.flatnonzero(matrix)
    parts = (shape, places.astype("<u4"), matrix.ravel()[places].astype("<i8"))
    return zlib.compress(b"".join(part.tobytes() for part in parts))


def _unpacked(packed: bytes) -> NDArray[np.int64]:
    """Return the matrix of packed bytes; zlib.error or ValueError for others."""
    content = zlib.decompress(packed)
    rows, columns = np.frombuffer(content[:8], "<u4").tolist()
    rest = content[8:]
    count = len(rest) // (4 + 8)
    matrix = np.zeros((rows, columns), np.int64)
    matrix.flat[np.frombuffer(rest, "<u4", count)] = np.frombuffer(rest, "<i8", offset=4 * count)
    return matrix
