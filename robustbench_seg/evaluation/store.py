"""A run on disk: one transactional SQLite file with a confusion matrix for each cell.

A cell is (model, condition, severity, frame). Cells are committed in chunks, whole or not at all;
each carries a digest of what it is and what it holds, which is checked when it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..folders import check_folder

FILE = "run.sqlite"
_VERSION = 2
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, provenance TEXT NOT NULL);
CREATE TABLE cells (
    model TEXT, condition TEXT, severity INTEGER, frame TEXT,
    matrix BLOB NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (model, condition, severity, frame)
) WITHOUT ROWID;
CREATE TABLE pictures (
    model TEXT, condition TEXT, severity INTEGER, frame TEXT, caption TEXT,
    png BLOB NOT NULL,
    PRIMARY KEY (model, condition, severity, frame, caption)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, order=True)
class Cell:
    """What one confusion matrix is about."""

    model: str
    condition: str
    severity: int
    frame: str


@dataclass(frozen=True)
class Picture:
    """A small PNG kept for reports: what the model saw, what it said, what was true."""

    cell: Cell
    caption: str
    png: bytes


class Store:
    """The database of one run."""

    def __init__(self, folder: Path, connection: sqlite3.Connection):
        self.folder = folder
        self._connection = connection

    @classmethod
    @contextmanager
    def create_or_resume(cls, folder: Path, spec: Mapping[str, Any]) -> Iterator[Store]:
        """Open the run of this spec, new or begun before.

        Raises InputError where the folder holds a run of another spec (with what differs), holds
        other files, or cannot be written.
        """
        check_folder(folder, FILE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out {folder}: cannot be written ({error.strerror})") from error
        try:
            with closing(sqlite3.connect(folder / FILE, timeout=60)) as connection:
                connection.execute("BEGIN IMMEDIATE")  # fails early, where writing is refused
                if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    for statement in _SCHEMA.split(";"):
                        connection.execute(statement)
                    meta = {"version": str(_VERSION), "spec": json.dumps(spec)}
                    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
                connection.commit()
                store = cls(folder, connection)
                _refuse_another(folder, store.spec(), spec)
                yield store
        except sqlite3.Error as error:
            raise InputError(f"--out {folder}: cannot be used ({error})") from error

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Store]:
        """Open an existing run for reading; InputError if there is none."""
        path = folder / FILE
        if not path.is_file():
            raise InputError(f"{folder}: no run here (expected {FILE} in it)")
        # Reading may have to roll back a commit that was cut off, which needs the right to write.
        mode = "rw" if os.access(path, os.W_OK) and os.access(folder, os.W_OK) else "ro"
        try:
            address = f"{path.resolve().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(address, uri=True, timeout=60)) as connection:
                yield cls(folder, connection)
        # What is damaged within the rows shows itself when they are read as JSON or as arrays.
        except (sqlite3.Error, ValueError, KeyError, TypeError, zlib.error) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path}: not a run, or damaged ({error})") from error

    def spec(self) -> dict[str, Any]:
        """Return what the run evaluates."""
        meta = dict(self._connection.execute("SELECT key, value FROM meta"))
        if meta.get("version") != str(_VERSION):
            raise InputError(
                f"{self.folder / FILE}: made by another version of robustseg "
                f"(format {meta.get('version')}, this one reads {_VERSION})"
            )
        spec: dict[str, Any] = json.loads(meta["spec"])
        return spec

    def add_session(self, provenance: Mapping[str, Any]) -> None:
        """Note where and with what the run was begun or resumed."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO sessions (provenance) VALUES (?)", (json.dumps(provenance),)
            )

    def sessions(self) -> list[dict[str, Any]]:
        """Return the provenance of each start of the run, first to last."""
        rows = self._connection.execute("SELECT provenance FROM sessions ORDER BY id")
        return [json.loads(row[0]) for row in rows]

    def add(
        self, cells: Mapping[Cell, NDArray[np.int64]], pictures: Iterable[Picture] = ()
    ) -> None:
        """Commit matrices (C, C) and pictures in one transaction."""
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?)",
                [(*_key(cell), *_pack(cell, matrix)) for cell, matrix in cells.items()],
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?)",
                [(*_key(item.cell), item.caption, item.png) for item in pictures],
            )

    def stored(self) -> set[Cell]:
        """Return the cells that are there."""
        rows = self._connection.execute("SELECT model, condition, severity, frame FROM cells")
        return {Cell(*row) for row in rows}

    def matrices(self) -> Iterator[tuple[Cell, NDArray[np.int64]]]:
        """Yield each cell with its matrix (C, C); InputError where a digest does not agree."""
        rows = self._connection.execute(
            "SELECT model, condition, severity, frame, matrix, digest FROM cells"
        )
        for *key, packed, digest in rows:
            cell = Cell(*key)
            if not isinstance(packed, bytes) or _digest(cell, packed) != digest:
                raise InputError(f"{self.folder / FILE}: damaged: the digest of {cell} is wrong")
            values = np.frombuffer(zlib.decompress(packed), "<i8").astype(np.int64)
            side = round(len(values) ** 0.5)
            yield cell, values.reshape(side, side)  # (C * C,) -> (C, C)

    def pictures(self) -> list[Picture]:
        """Return the stored pictures, in a fixed order."""
        rows = self._connection.execute(
            "SELECT model, condition, severity, frame, caption, png FROM pictures"
            " ORDER BY model, frame, condition, severity, caption"
        )
        return [Picture(Cell(*row[:4]), row[4], row[5]) for row in rows]


def _refuse_another(folder: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    wanted = json.loads(json.dumps(wanted))  # tuples become lists, as in the stored form
    differing = sorted(
        key for key in stored.keys() | wanted.keys() if stored.get(key) != wanted.get(key)
    )
    if differing:
        raise InputError(
            f"--out {folder}: holds another run, which differs in {', '.join(differing)}; "
            "name another folder"
        )


def _key(cell: Cell) -> tuple[str, str, int, str]:
    return cell.model, cell.condition, cell.severity, cell.frame


def _pack(cell: Cell, matrix: NDArray[np.int64]) -> tuple[bytes, str]:
    packed = zlib.compress(matrix.astype("<i8").tobytes())
    return packed, _digest(cell, packed)


def _digest(cell: Cell, packed: bytes) -> str:
    return hashlib.sha256(json.dumps(_key(cell)).encode() + packed).hexdigest()
