"""Files of weights as options name them; checked without torch, which takes seconds to load."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError

SEPARATOR = "::"
"""Between a weights file and the set of weights in it that is meant: FILE::ema."""
SUFFIXES = {".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".json"}
"""Suffixes of files, which names of repositories hardly have."""


def split_choice(choice: str | Path) -> tuple[Path, str]:
    """Return the file or folder of a choice, and the set of weights that is meant, "" for any."""
    path = Path(choice)
    if SEPARATOR not in str(choice) or path.exists():
        return path, ""
    file, _, chosen = str(choice).rpartition(SEPARATOR)
    return Path(file), chosen


def check_weights_files(choices: Iterable[str | Path]) -> None:
    """Raise InputError for the first weights that have the name of a file which does not exist."""
    for choice in choices:
        path, _ = split_choice(choice)
        if path.suffix in SUFFIXES and not path.exists():
            raise InputError(f"--weights {choice}: no such file; check the path")
