"""Write files of results: whole or not at all, durably, and never through a link."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".partial"
"""Ending of a file that is being written; one that a killed process left is replaced."""
_PAUSES = (0.1, 0.2, 0.4, 0.8) if sys.platform == "win32" else ()
"""Seconds between attempts to replace a file that another program has open."""


@contextmanager
def new_file(path: Path, within: Path | None = None) -> Iterator[BinaryIO]:
    """Open a new file for writing, which takes the place of `path` when the block ends.

    The content is synced to the disk before the rename: a power failure leaves no partial file.
    Whatever has the name, also a link or a device, is replaced and not written to. If the block
    fails, it stays as it is. Folders are made as needed. A link among the folders below `within`,
    the folder that the user named (None: all of them), is refused. Raises OSError.
    """
    make_folder(path.parent, within)
    if path.is_dir() and not path.is_symlink():
        raise OSError(errno.EISDIR, "is a folder", str(path))
    partial = path.with_name(path.name + PARTIAL)
    with suppress(FileNotFoundError):
        partial.unlink()
    # O_EXCL follows no link that has the name meanwhile.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    number = os.open(partial, flags, 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
            if not os.path.samestat(os.fstat(number), partial.lstat()):
                raise OSError(errno.EBUSY, "is written by another process too", str(path))
        _take_place(partial, path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError) and error.filename is None:  # of a write to a full disk
            error.filename = str(path)
        raise
    _sync_folder(path.parent)


def _take_place(partial: Path, path: Path) -> None:
    """Rename a file, which waits for programs that read the old one on Windows."""
    for pause in _PAUSES:
        try:
            partial.replace(path)
        except PermissionError:  # such as while a virus scanner reads it
            time.sleep(pause)
        else:
            return
    partial.replace(path)


def _sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, on platforms and file systems that can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)  # refused by Windows
        try:
            os.fsync(number)
        finally:
            os.close(number)


def write_file(path: Path, content: bytes, within: Path | None = None) -> None:
    """Write a file as `new_file` does."""
    with new_file(path, within) as file:
        file.write(content)


def make_folder(folder: Path, within: Path | None = None) -> None:
    """Make a folder; OSError if it, or one above it that is below `within`, is a link."""
    if within is not None:
        below = folder.relative_to(within).parts
        for count in range(1, len(below) + 1):
            part = within.joinpath(*below[:count])
            if part.is_symlink():
                raise OSError(errno.ELOOP, "is a link, which could lead elsewhere", str(part))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except ValueError as error:  # half a character, or a zero byte
        raise OSError(errno.EINVAL, "is no name that a folder can have", str(folder)) from error
