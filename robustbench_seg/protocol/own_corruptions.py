"""Corruptions of one's own in suites: what a run stores of them, and functions in files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..corruptions.catalogue import BUILT_IN, REGISTRY, Corruption, register_own
from ..corruptions.finding import find, installed
from ..errors import InputError
from ..schema import Name

if TYPE_CHECKING:
    from ..corruptions.own import OwnCorruption

PREFIX = "python:"
"""Beginning of a corruption in a file: `python:FILE.py:FUNCTION`."""


@dataclass(frozen=True)
class OwnSpec:
    """What identifies a corruption that is not built in; its code is not stored."""

    name: Name
    origin: str
    """Where the function comes from, for readers: "rain.py:drizzle"."""
    digest: Name
    """SHA-256 of the source."""
    random: bool
    """Whether the pixels depend on the seed."""


def find_corruption(choice: str, folder: Path) -> Corruption:
    """Return the corruption of a name, or of `python:FILE.py:FUNCTION` with a path from a folder.

    Raises InputError for an unknown name, and for a file or function that cannot be used.
    """
    if not choice.startswith(PREFIX):
        return find(choice)
    where, colon, name = choice.removeprefix(PREFIX).rpartition(":")
    if not colon or not where.endswith(".py") or not name:
        raise InputError(f"corruption {choice}: write python:FILE.py:FUNCTION")
    file = (folder / where).absolute()
    if not file.is_file():
        raise InputError(f"corruption {choice}: no such file: {folder / where}")
    found = _load(choice, file, name)
    register_own(found)
    return found


def _load(choice: str, file: Path, name: str) -> OwnCorruption:
    from ..corruptions.own import fault, own_corruption
    from ..own_code import import_file, make_importable, own_code

    make_importable(file.parent)
    try:
        function = getattr(import_file(file), name, None)
    except (Exception, SystemExit) as error:  # a user's file may raise any
        raise InputError(f"corruption {choice}: the import failed: {fault(error)}") from error
    if function is None:
        raise InputError(f"corruption {choice}: {file.name} has no function {name}")
    files = own_code([file], file.parent)
    source = b"".join(f"{path}\n".encode() + content for path, content in files.items())
    return own_corruption(
        function, f"{file.name}:{name}", source, name=name, choice=f"{PREFIX}{file}:{name}"
    )


def is_own(choice: str) -> bool:
    """Return whether a choice means a corruption that is not built in, and that may be found."""
    known = (*REGISTRY, *installed())
    return choice.startswith(PREFIX) or (choice in known and choice not in BUILT_IN)


def choices(specs: Iterable[OwnSpec]) -> tuple[str, ...]:
    """Return what `require` finds the corruptions by in another process."""
    from ..corruptions.own import OwnCorruption

    found = (find(each.name) for each in specs)
    return tuple(each.choice for each in found if isinstance(each, OwnCorruption))


def require(choices: Iterable[str]) -> None:
    """Load corruptions that this process does not know yet; InputError if that fails."""
    for choice in choices:
        if choice.rpartition(":")[2] not in REGISTRY:
            find_corruption(choice, Path())


def own_specs(corruptions: Iterable[Corruption]) -> list[OwnSpec]:
    """Return what a suite stores of those corruptions that are not built in."""
    from ..corruptions.own import OwnCorruption

    return [
        OwnSpec(each.name, each.origin, each.digest, each.random)
        for each in corruptions
        if isinstance(each, OwnCorruption)
    ]
