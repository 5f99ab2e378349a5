"""A run on disk: a transactional SQLite file with the counts of each cell.

Cells are committed in groups, atomically. Every row has a digest of its key and content. A file may
come from anyone: each row is checked as it is read, by its form, its digest and the specification.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..folders import check_folder
from ..protocol.cell import Cell
from ..protocol.spec import Spec
from ..protocol.stored_spec import read_spec
from ..scores.counters import Counts
from .database import (
    FILE,
    READABLE,
    VERSION,
    bound_steps,
    connected,
    digest,
    exclusive_lock,
    printable,
    sqlite_errors,
)
from .differences import differences
from .failure import Failure
from .known_cells import KnownCells
from .packed_counts import CountsError, pack, unpack
from .picture_check import PictureError, picture_pixels
from .pictures import CAPTIONS, Picture
from .sessions import Session, read_json, read_session

_KEY = "model, condition, severity, frame, draw"
_ONLY = "WHERE model = ? AND condition = ? AND severity = ?"
_TOGETHER = 2**20
"""Most counts that are read together, zeros included: 8 MiB."""
_REASON = 100_000
"""Most letters of the reason of a failure."""
_SESSIONS, _PIXELS = 10_000, 2**28
"""Most starts of a run, and most pixels of all its pictures."""


class Store:
    """The database of one run."""

    def __init__(self, folder: Path, connection: sqlite3.Connection):
        self.folder = folder
        self._path = folder / FILE
        self._connection = connection
        self._file = self._path.stat()
        self.spec = self._read_spec()
        """Specification of the run."""
        self._known = KnownCells(self.spec)

    @classmethod
    @contextmanager
    def create_or_resume(cls, folder: Path, spec: Spec) -> Iterator[Store]:
        """Open the run of a specification, new or resumed, for this process alone.

        All of it is checked before anything is written. Raises InputError if the folder holds
        another run or other files, is in use, is damaged or cannot be written, now or later.
        """
        check_folder(folder, FILE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                (folder / FILE).touch(exist_ok=False)  # marks the folder as that of a run
        except OSError as error:
            raise InputError(f"--out {folder}: cannot be written ({error.strerror})") from error
        with (
            exclusive_lock(folder),
            sqlite_errors(f"--out {folder}"),
            connected(folder / FILE, write=True) as connection,
        ):
            if connection.execute("SELECT 1 FROM meta").fetchone() is None:
                text = json.dumps(spec.to_dict())
                meta = {"version": str(VERSION), "spec": text, "digest": digest("spec", text)}
                connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            store = cls(folder, connection)
            if found := differences(store.spec.to_dict(), spec.to_dict()):
                raise InputError(
                    f"--out {folder}: holds another run, which differs in {found}; "
                    "name another folder"
                )
            deque(store.stacks(), maxlen=0)
            _ = store.pictures(), store.failures(), store.sessions()
            upgrade = "SELECT key, ? FROM meta WHERE key = 'version' AND value != ?"
            connection.execute(f"INSERT OR REPLACE INTO meta {upgrade}", (str(VERSION),) * 2)
            connection.commit()
            yield store

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Store]:
        """Open an existing run for reading; InputError if there is none, or if it is damaged."""
        if not (path := folder / FILE).is_file():
            raise InputError(f"{folder}: no run here (expected {FILE} in it)")
        with sqlite_errors(str(path)), connected(path, write=False) as connection:
            yield cls(folder, connection)

    def _read_spec(self) -> Spec:
        meta = dict(self._select("key, value", "meta LIMIT 4"))
        if meta.get("version") not in READABLE:
            raise InputError(
                f"{self._path}: made by another version of robustseg, or damaged "
                f"(format {meta.get('version')!r:.40}, this one reads {' and '.join(READABLE)})"
            )
        text = meta.get("spec")
        if meta.keys() != {"version", "spec", "digest"} or digest("spec", text) != meta["digest"]:
            raise self._refused("spec", "meta", "damaged: the digest of the specification is wrong")
        try:
            return read_spec(read_json(text))
        except InputError as error:
            raise self._refused("spec", "meta", str(error)) from error

    def _refused(self, row: object, table: str, what: str) -> InputError:
        advice = "restore a backup, or run again in another folder"
        return InputError(f"{self._path}: row {row} of {table}: {printable(what)}; {advice}")

    def add_session(self, provenance: Mapping[str, Any]) -> None:
        """Record the provenance of a start of the run."""
        text = json.dumps(provenance)
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sessions (provenance, digest) VALUES (?, ?)",
                (text, digest("session", text)),
            )

    def sessions(self) -> list[Session]:
        """Return the provenance of each start of the run, first to last."""
        sessions = []
        rows = self._select("provenance, digest", "sessions ORDER BY id")
        for number, (text, stored) in enumerate(rows, start=1):
            try:
                if digest("session", text) != stored:
                    raise InputError("damaged: the digest of it is wrong")
                if number > _SESSIONS:
                    raise InputError(f"a run has at most {_SESSIONS} starts")
                sessions.append(read_session(read_json(text)))
            except InputError as error:
                raise self._refused(number, "sessions", str(error)) from error
        return sessions

    def add(
        self,
        cells: Mapping[Cell, Sequence[Counts]],
        pictures: Iterable[Picture] = (),
        failures: Iterable[Failure] = (),
    ) -> None:
        """Commit the counts of each counter, pictures and failures in one transaction.

        Counts replace an earlier failure of their cell; a failure never replaces counts.
        """
        rows: dict[str, list[tuple[Any, ...]]] = {
            "cells": [(cell, pack(counts)) for cell, counts in cells.items()],
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
            what = "was deleted or replaced while the run was under way; run the same command again"
            raise InputError(f"--out {self.folder}: {FILE} {what}")
        self._connection.set_progress_handler(None, 0)
        with self._connection:
            yield self._connection

    def stored(self) -> set[Cell]:
        """Return the cells that have counts."""
        rows = enumerate(self._select(_KEY, "cells"), start=1)
        return {self._cell(row, number, "cells") for number, row in rows}

    def finished(self) -> tuple[str, ...]:
        """Return the names of the frames of which all cells are stored, in order."""
        return self._known.finished(self.stored())

    def stacks(
        self, only: tuple[str, str, float] | None = None
    ) -> Iterator[tuple[list[Cell], list[Counts]]]:
        """Yield many cells at once with their counts: (N, *shape) of each counter.

        `only` has the model, condition and severity of the cells; None: all cells. Raises
        InputError for a row that is damaged, and for counts that the frame cannot have.
        """
        known, names, counters = self._known, self.spec.class_names, self.spec.counters
        together = max(1, _TOGETHER // self.spec.counts_of_cell)
        most = [counter.most for counter in counters]
        rows = self._rows("cells", _KEY, "matrix", _ONLY if only else "", only or ())
        done = 0
        while batch := list(islice(rows, together)):
            cells = [cell for cell, _ in batch]
            pixels = known.pixels(cells)
            try:
                stacks = unpack([packed for _, packed in batch], self.spec.count_shapes, most)
                for counter, stack in zip(counters, stacks, strict=True):
                    if problem := counter.problem(stack, pixels, names):
                        raise CountsError(*problem)
            except CountsError as error:
                what = f"the matrix of {cells[error.index]} {error}"
                raise self._refused(done + error.index + 1, "cells", what) from error
            yield cells, stacks
            done += len(batch)

    def matrices(self) -> Iterator[tuple[Cell, NDArray[np.int64]]]:
        """Yield each cell with its matrix, (C, C) or (C, C + 1); errors as of `stacks`."""
        for cells, stacks in self.stacks():
            yield from zip(cells, stacks[0], strict=True)

    def counts(self) -> Iterator[tuple[Cell, tuple[Counts, ...]]]:
        """Yield each cell with the counts of each counter; errors as of `stacks`."""
        for cells, stacks in self.stacks():
            yield from zip(cells, zip(*stacks, strict=True), strict=True)

    def pictures(self) -> list[Picture]:
        """Return the stored pictures, in a fixed order; InputError for one of another form."""
        order = "ORDER BY model, frame, condition, severity, draw, caption"
        rows = self._rows("pictures", f"{_KEY}, caption", "png", order)
        found, pixels = [], 0
        for number, row in enumerate(rows, start=1):
            found.append(picture := Picture(*row))
            try:
                if picture.caption not in CAPTIONS:
                    raise PictureError("has an unknown caption")
                pixels += picture_pixels(picture.png, _PIXELS - pixels)
            except PictureError as error:
                what = f"the picture of {picture.cell} {error}"
                raise self._refused(number, "pictures", what) from error
        return found

    def failures(self) -> list[Failure]:
        """Return the predictions that failed when last tried, in a fixed order."""
        order = "ORDER BY frame, condition, severity, draw, model"
        stored = self.stored()  # first: meanwhile another process may retry a failure
        found = [Failure(*row) for row in self._rows("failures", _KEY, "reason", order)]
        for number, failure in enumerate(found, start=1):
            is_text = isinstance(failure.reason, str) and len(failure.reason) <= _REASON
            if failure.cell in stored or not is_text:
                what = f"{failure.cell} has counts as well, or a reason that is no text"
                raise self._refused(number, "failures", what)
        return found

    def _select(
        self, columns: str, source: str, values: tuple[Any, ...] = ()
    ) -> Iterator[tuple[Any, ...]]:
        bound_steps(self._connection, self._path)
        return self._connection.execute(f"SELECT {columns} FROM {source}", values)

    def _rows(
        self, table: str, key: str, content: str, which: str = "", values: tuple[Any, ...] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the cell and the further columns of each row, each key once.

        Raises InputError for an unknown cell, and for a digest that does not match.
        """
        width = key.count(",") + 1
        seen = set()
        rows = self._select(f"{key}, {content}, digest", f"{table} {which}", values)
        for number, row in enumerate(rows, start=1):
            if digest(*row[:-1]) != row[-1]:
                what = f"damaged: the digest of {Cell(*row[:5])} is wrong"
                raise self._refused(number, table, what)
            cell = self._cell(row[:5], number, table)
            if row[:width] in seen:
                raise self._refused(number, table, f"damaged: {cell} is there twice")
            seen.add(row[:width])
            yield cell, *row[5:-1]

    def _cell(self, key: tuple[Any, ...], row: int, table: str) -> Cell:
        cell = Cell(*key)
        if problem := self._known.problem(cell):
            raise self._refused(row, table, f"{problem} is not in the specification")
        return cell
