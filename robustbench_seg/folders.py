"""Output folders, which are checked before any work begins."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InputError
from .writing import PARTIAL

# Not `reports`: a folder of that name would hide the package from an editable install.
RESULTS = Path("results")


def check_folder(folder: Path, own: str, option: str = "--out") -> None:
    """Raise InputError if a command cannot write to its folder; write nothing.

    The folder may be missing, empty, or hold the file `own`, which an earlier run of the command
    wrote. `option` is the option or argument that names the folder.
    """
    try:
        os.fsencode(folder)
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        usable = existing.is_dir() and os.access(existing, os.W_OK)
    except UnicodeEncodeError as error:
        shown = str(folder).encode("utf-8", "backslashreplace").decode()
        raise InputError(f"{option} {shown}: is no name that a folder can have") from error
    except OSError as error:
        raise InputError(f"{option} {folder}: cannot be written ({error.strerror})") from error
    if not usable:
        raise InputError(f"{option} {folder}: cannot be written; name another folder")
    if own and (folder / own).is_symlink():
        raise InputError(f"{option} {folder}: {own} in it is a link; name another folder")
    if existing == folder and not (folder / own).exists() and _holds_results(folder):
        raise InputError(f"{option} {folder}: holds other files; name a new folder")


def _holds_results(folder: Path) -> bool:
    # A command that is killed as it begins may leave the others.
    return any(not path.name.endswith((PARTIAL, ".lock")) for path in folder.iterdir())
