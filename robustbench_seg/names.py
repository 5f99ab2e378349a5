"""Names of files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePath
from typing import TypeVar

from .errors import InputError

AnyPath = TypeVar("AnyPath", bound=PurePath)


def sorted_paths(paths: Iterable[AnyPath]) -> list[AnyPath]:
    """Return paths in the same order on all systems: that of Windows ignores case."""
    return sorted(paths, key=lambda path: path.parts)


def check_name(name: str) -> None:
    """Raise InputError for a file name that is not UTF-8: runs and tables cannot hold it."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(name).decode(errors="backslashreplace")
        raise InputError(f"{shown}: its name is not UTF-8; rename it") from error


def slug(name: str) -> str:
    """Return a name for a file or folder: a dash for all but letters, digits and @+-_. signs."""
    return "".join(letter if letter.isalnum() or letter in "@+-_." else "-" for letter in name)
