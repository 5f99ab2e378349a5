"""Names of files: text that runs, tables and reports can hold."""

from __future__ import annotations

import os

from .errors import InputError


def check_name(name: str) -> None:
    """Raise InputError for the name of a file that is no text: no run or table can hold it."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(name).decode(errors="backslashreplace")
        raise InputError(f"{shown}: its name is not UTF-8; rename it") from error


def slug(name: str) -> str:
    """Return a name for a file or folder: all but letters, digits and @+-_. become dashes."""
    return "".join(letter if letter.isalnum() or letter in "@+-_." else "-" for letter in name)
