"""The SQLite file of a run: schema, lock, digests, error messages, and how a file is opened.

A file may come from anyone. Nothing in it runs: it is read only if its schema is exactly ours, and
each connection refuses everything but reading and writing the rows of these tables.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path, PurePath
from urllib.parse import quote_from_bytes

from filelock import FileLock, SoftFileLock, Timeout

from ..errors import InputError

FILE = "run.sqlite"
LOCK = "run.lock"
"""Lock file of the process that works on the run; the system frees it when the process ends."""
_NO_LOCKS = "its file system has no locks; name a folder on another, such as a local disk"
VERSION = 5
"""Format of a run, see `packed_counts`. One of format 4 is read, and resumed as this one."""
READABLE = ("4", str(VERSION))
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
"""The same since version 0.1.0, to the letter."""
LARGEST = 2**26
"""Most bytes of a stored value: a specification of 100,000 frames has less."""
_STEPS = 10_000_000, 4
"""Most steps of a statement, and more for each byte of the file: far more than any takes."""
_JOURNAL_END = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"


@contextmanager
def exclusive_lock(folder: Path, name: str = LOCK, option: str = "--out") -> Iterator[None]:
    """Hold the lock of a folder; InputError if another process holds it, or if it has no locks."""
    path = folder / name
    # Whatever has the name is emptied: another file, where it is a link.
    if path.is_symlink() or (path.exists() and not (path.is_file() and path.stat().st_nlink < 2)):
        raise InputError(f"{option} {folder}: {name} in it is a link, or no file; remove it")
    lock = FileLock(path, timeout=0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a lock that a killed process would leave behind
            lock.acquire()
        if isinstance(lock, SoftFileLock):
            lock.release()
            raise OSError(errno.ENOLCK, "no locks")
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
def connected(path: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
    """Open a database in which nothing but rows of our tables can be read and, if asked, written.

    Raises InputError for a file with another schema; an empty file is given ours if it is to be
    written.
    """
    _check_companions(path)
    # Reading writes only where it has to roll back an interrupted commit.
    repair = _companion(path, "-journal").exists() or _companion(path, "-wal").exists()
    repair = repair and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    address = f"{_address(path.resolve())}?mode={'rw' if write or repair else 'ro'}"
    with closing(sqlite3.connect(address, uri=True, timeout=60)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # By default, a power failure within seconds after a commit may undo it.
        connection.execute("PRAGMA synchronous = EXTRA")
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        bound_steps(connection, path)
        if write:
            connection.execute("BEGIN IMMEDIATE")  # fails early, where writing is refused
        found = connection.execute(_MASTER).fetchmany(len(_schema()) + 1)
        if write and not found:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
        elif not found:
            raise InputError(
                f"{path.parent}: no run here yet ({FILE} is empty); run robustseg eval again"
            )
        elif sorted(found, key=str) != _schema():
            raise InputError(
                f"{path}: not a run, or damaged: its tables are not those of a run; restore a "
                "backup, or choose another folder"
            )
        connection.set_authorizer(_authorizer(write=write))
        (report,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if report != "ok":
            raise InputError(
                f"{path}: damaged: {' '.join(str(report).split())}; restore a backup, or run again "
                "in another folder"
            )
        yield connection


_MASTER = "SELECT type, name, tbl_name, sql FROM sqlite_master"
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LARGEST,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 10_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 16,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}


def _address(path: PurePath) -> str:
    """Return the URI of a file; SQLite takes a server's name, as Python writes it, for an error."""
    plain = quote_from_bytes(os.fsencode(path.as_posix()), safe="/:")
    return f"file://{plain if plain.startswith('/') else '/' + plain}"


@cache
def _schema() -> list[tuple[str, ...]]:
    """Return the rows of sqlite_master of a new run, sorted."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        return sorted(connection.execute(_MASTER), key=str)


def _authorizer(*, write: bool) -> Callable[..., int]:
    tables = {row[1] for row in _schema() if row[0] == "table"}
    allowed = {sqlite3.SQLITE_READ} | (
        {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE} if write else set()
    )

    def authorize(action: int, first: str | None, *others: str | None) -> int:
        *_, trigger = others
        if trigger is None and (
            action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION)
            or (action in allowed and first in tables)
            or (action == sqlite3.SQLITE_PRAGMA and first == "quick_check")
        ):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return authorize


def bound_steps(connection: sqlite3.Connection, path: Path) -> None:
    """Interrupt what now follows after more steps than any statement needs for such a file."""
    least, each = _STEPS
    calls = iter(range((least + each * path.stat().st_size) // 100_000))
    connection.set_progress_handler(lambda: next(calls, None) is None, 100_000)


def _companion(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _check_companions(path: Path) -> None:
    """Raise InputError for a journal that leads out of the folder: rolling it back would write."""
    if not path.is_file():  # a pipe would be waited for
        raise InputError(f"{path}: is no file; choose another folder")
    for suffix in ("-journal", "-wal", "-shm"):
        beside = _companion(path, suffix)
        if beside.is_symlink() or (beside.exists() and not beside.is_file()):
            raise InputError(
                f"{beside}: is a link, or no file; delete it, or choose another folder"
            )
    with suppress(FileNotFoundError), _companion(path, "-journal").open("rb") as journal:
        journal.seek(max(0, journal.seek(0, os.SEEK_END) - len(_JOURNAL_END)))
        if journal.read() == _JOURNAL_END:  # it names a file, which SQLite would delete
            raise InputError(
                f"{journal.name}: belongs to several databases, which no run does; delete it, or "
                "choose another folder"
            )


def printable(text: str) -> str:
    """Return a text as part of a message of one line."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:500])
    return shown + "..." * (len(text) > 500)


@contextmanager
def sqlite_errors(where: str) -> Iterator[None]:
    """Turn errors of SQLite into an InputError that begins with `where`."""
    try:
        yield
    # UnicodeDecodeError: SQLite's own message quotes damaged text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        said = printable(str(error))
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
    except FileNotFoundError as error:
        raise InputError(f"{where}: was deleted while it was read; run again") from error


def digest(*content: object) -> str:
    """Return the SHA-256 of values, including their types and lengths."""
    total = hashlib.sha256()
    for part in content:
        long = isinstance(part, bytes | str) and len(part) > 1000
        total.update(_with_length(part) if long else _cached_with_length(part))
    return total.hexdigest()


def _with_length(part: object) -> bytes:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return f"{type(part).__name__} {len(data)} ".encode() + data


_cached_with_length = lru_cache(maxsize=16384, typed=True)(_with_length)
"""Most rows have the key of a row before, but for one part."""
