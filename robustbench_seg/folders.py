"""Where commands write, and whether a folder can take it; asked before any work."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InputError

# Not `reports`: a folder of that name would hide the package from an editable install.
RESULTS = Path("results")


def check_folder(folder: Path, own: str, option: str = "--out") -> None:
    """Raise InputError where a command cannot write its folder; nothing is written.

    The folder may be absent, empty, or hold the file `own`, by which the command knows that the
    folder is its own from before. `option` is how the user named it.
    """
    try:
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        usable = existing.is_dir() and os.access(existing, os.W_OK)
    except OSError as error:
        raise InputError(f"{option} {folder}: cannot be written ({error.strerror})") from error
    if not usable:
        raise InputError(f"{option} {folder}: cannot be written; name another folder")
    if existing == folder and not (folder / own).exists() and any(folder.iterdir()):
        raise InputError(f"{option} {folder}: holds other files; name a new folder")
