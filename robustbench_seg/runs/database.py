"""The SQLite file of a run: schema, lock, digests and error messages."""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from ..errors import InputError

FILE = "run.sqlite"
LOCK = "run.lock"
"""Lock file of the process that works on the run; the system frees it when the process ends."""
_NO_LOCKS = "its file system has no locks; name a folder on another, such as a local disk"
VERSION = 4
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, provenance TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE cells (
    model TEXT, condition TEXT, severity INTEGER, frame TEXT, draw INTEGER,
    matrix BLOB NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (model, condition, severity, frame, draw)
) WITHOUT ROWID;
CREATE TABLE pictures (
    model TEXT, condition TEXT, severity INTEGER, frame TEXT, draw INTEGER, caption TEXT,
    png BLOB NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (model, condition, severity, frame, draw, caption)
) WITHOUT ROWID;
CREATE TABLE failures (
    model TEXT, condition TEXT, severity INTEGER, frame TEXT, draw INTEGER,
    reason TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (model, condition, severity, frame, draw)
) WITHOUT ROWID;
"""


@contextmanager
def exclusive_lock(folder: Path, name: str = LOCK, option: str = "--out") -> Iterator[None]:
    """Hold the lock of a folder; InputError if another process holds it, or if it has no locks."""
    if (folder / name).is_symlink():
        raise InputError(f"{option} {folder}: {name} in it is a link; remove it")
    lock = FileLock(folder / name, timeout=0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a lock that a killed process would leave behind
            lock.acquire()
        if isinstance(lock, SoftFileLock):
            lock.release()
            raise NotImplementedError
    except Timeout as error:
        raise InputError(
            f"{option} {folder}: in use by another process; wait for it, or choose another folder"
        ) from error
    except NotImplementedError as error:
        raise InputError(f"{option} {folder}: {_NO_LOCKS}") from error
    except OSError as error:
        lockless = error.errno in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
        what = _NO_LOCKS if lockless else f"cannot be written ({error.strerror})"
        raise InputError(f"{option} {folder}: {what}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def sqlite_errors(where: str) -> Iterator[None]:
    """Turn errors of SQLite into an InputError that begins with `where`."""
    try:
        yield
    # UnicodeDecodeError: SQLite's own message quotes damaged text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        said = "".join(letter if letter.isprintable() else " " for letter in str(error))
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_FULL":
            what = "the disk is full; make room and run the command again, which resumes"
        elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            what = f"cannot be written ({said})"
        elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR")):
            what = f"cannot be used ({said}); run the command again, which resumes"
        else:
            what = f"not a run, or damaged ({said}); restore a backup, or choose another folder"
        raise InputError(f"{where}: {what}") from error


def is_initialised(connection: sqlite3.Connection) -> bool:
    """Whether the file has a schema."""
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


def digest(*content: str | int | bytes) -> str:
    """Return the SHA-256 of values, including their types and lengths."""
    total = hashlib.sha256()
    for part in content:
        data = part if isinstance(part, bytes) else json.dumps(part).encode()
        total.update(f"{type(part).__name__} {len(data)} ".encode() + data)
    return total.hexdigest()
