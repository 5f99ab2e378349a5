"""Numba with compiled code on disk, beside the code or in the user's cache folder.

Numba checks only the file of the compiled function, not the functions that it calls in other files.
Delete `__pycache__` after editing a kernel.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import Any, cast

import numba
from numba.core import event
from numba.core.caching import FunctionCache

_log = logging.getLogger(__name__)


def cached(function: Callable[..., object], options: Mapping[str, Any]) -> Callable[..., object]:
    """Return a function that is compiled for the types of each call with options of `numba.njit`.

    Where neither the installation nor the home folder can be written, as in many containers, the
    compiled code is kept in the folder for temporary files, or else compiled anew by each process.
    """
    made: Any = numba.njit(nogil=True, **options)(function)
    try:
        made._cache = _Cache(function)
    except RuntimeError:  # Numba finds no folder for its cache
        if _use_temporary_cache():
            made._cache = _Cache(function)
    return cast(Callable[..., object], made)


class _Cache(FunctionCache):  # type: ignore[misc]  # Numba is untyped
    """Numba's cache, without which a function is compiled all the same."""

    def load_overload(self, *arguments: Any) -> Any:
        try:
            return super().load_overload(*arguments)
        except Exception as error:  # of a damaged file, unpickling raises anything
            _say_unusable(self.cache_path, repr(error))
            with suppress(Exception):
                self.flush()  # else it would stay damaged
            return None

    def save_overload(self, *arguments: Any) -> None:
        try:
            super().save_overload(*arguments)
        except Exception as error:  # such as a full disk
            _say_unusable(self.cache_path, repr(error))


_said: list[str] = []


def _say_unusable(folder: str, why: str) -> None:
    """Say once which folder cannot be used."""
    _said.append(folder)
    if parent_process() is None and len(_said) == 1:
        _log.warning(
            "%s: compiled code cannot be kept there (%s) and is compiled again by each process; "
            "make room or delete that folder, or set NUMBA_CACHE_DIR to another",
            folder,
            why,
        )


class _Notice(event.Listener):  # type: ignore[misc]  # Numba is untyped
    """Logs that Numba compiles, which it does once per machine, when it first does so."""

    given = False

    def on_start(self, _event: object) -> None:
        """Log it once."""
        if not self.given:
            _log.info(
                "Compiling for this processor: only the first time, and the first images take "
                "longer."
            )
        self.given = True

    def on_end(self, _event: object) -> None:
        """Log nothing."""


event.register("numba:compile", _Notice())


@cache
def _use_temporary_cache() -> bool:
    """Let Numba cache in the folder for temporary files, if it can; say which, once."""
    folder = _own_temporary_folder()
    if folder is not None:
        numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = str(folder)  # of workers too
    if parent_process() is None:
        kept = "each process compiles anew" if folder is None else f"compiled code is in {folder}"
        _log.warning(
            "neither the installation nor a cache folder can be written: %s; set NUMBA_CACHE_DIR "
            "to a folder that lasts",
            kept,
        )
    return folder is not None


def _own_temporary_folder() -> Path | None:
    """Return a folder for temporary files that only this user can write; None if there is none."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    try:
        folder = Path(gettempdir()) / f"robustbench-seg-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        # Cached code is run: a folder that another user made or can write is not trusted.
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or (
            hasattr(os, "getuid") and (found.st_uid != user or found.st_mode & 0o022)
        ):
            return None
        TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder
