"""Open files of users as data: regular files alone, small ones up to a limit."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from .errors import InputError

SETTINGS = 2**24
"""Most bytes of a file of settings or names: a suite, taxonomy, list of frames or sidecar."""
MANIFESTS = 2**30
"""Most bytes of a file with an entry for each image or tensor."""

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


@contextmanager
def open_data(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file, or a link to one, for reading.

    Raises OSError if it cannot be opened, and InputError for a pipe, device or folder: reading one
    may never end.
    """
    # A pipe without a writer blocks while it is opened, unless asked not to.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags)
    except OSError:
        _check_kind(path, path.stat())  # a socket, or a folder on Windows
        raise
    try:
        _check_kind(path, os.fstat(number))
    except InputError:
        os.close(number)
        raise
    with os.fdopen(number, "rb") as file:
        yield file


def read_data(path: Path, limit: int | None = None) -> bytes:
    """Return the content of a file as `open_data` opens it; InputError above a limit in bytes."""
    with open_data(path) as file:
        content = file.read() if limit is None else file.read(limit + 1)
    if limit is not None and len(content) > limit:
        raise InputError(
            f"{path}: has more than {limit // 2**20} MiB, the limit of such a file; name another"
        )
    return content


def read_text(path: Path, limit: int = SETTINGS) -> str:
    """Return the content of a UTF-8 file, as `read_data`; UnicodeDecodeError for another."""
    return decode_text(read_data(path, limit))


def decode_text(content: bytes) -> str:
    """Return UTF-8 text with line ends as Python has them; UnicodeDecodeError for another."""
    return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _check_kind(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no file")
        raise InputError(f"{path}: is {kind}; name a regular file")
