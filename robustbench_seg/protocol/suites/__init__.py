"""Suites by name or from a TOML file; a kind of suite is a class with one line in `KINDS`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from ...corruptions.checks import did_you_mean
from ...errors import InputError
from ...reading import read_text
from ...schema import parse
from .adversarial import AdversarialSuite
from .corruption import CorruptionSuite
from .resolution import ResolutionSuite
from .suite import Suite, UnknownCorruptionError
from .taken import TakenSuite

__all__ = [
    "KINDS",
    "SUITES",
    "AdversarialSuite",
    "CorruptionSuite",
    "ResolutionSuite",
    "Suite",
    "TakenSuite",
    "load_part",
    "load_suite",
    "suite_from_dict",
]

KINDS: list[type[Suite]] = [ResolutionSuite, AdversarialSuite, TakenSuite, CorruptionSuite]
"""Kinds of suites. The first that describes stored values, or has a key of a file, reads them."""

DEFAULT_SUITE = "cityscapes-c"
SUITES = (
    *(DEFAULT_SUITE, "imagenet-c", "imagenet-c-all", "imagenet-c-bar"),
    *("resolution", "resolution-short-side", "resolution-table1c"),
    "street-3d",
    *("adversarial", "sea"),
)
"""Names of the suites that come with the package."""


def load_suite(name: str | Path) -> Suite:
    """Return the suite of that name, or that of a TOML file.

    Raises InputError for an unknown name, an unreadable file, or a file that is not a suite.
    """
    if name in SUITES:
        file = resources.files(__package__) / "data" / f"{name}.toml"
        return _parse(file.read_text("utf-8"), str(name), file.name)
    path = Path(name)
    if path.suffix != ".toml":
        raise InputError(
            f"unknown suite {str(name)!r}; choose from: {', '.join(SUITES)}, or give a path to a "
            f".toml file{did_you_mean(name, SUITES)}"
        )
    if path.stem in SUITES:
        raise InputError(f"{path}: has the name of a built-in suite; rename the file")
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: the suite cannot be read: {reason}") from error
    return _parse(text, path.stem, str(path))


def load_part(
    name: str | Path,
    corruptions: Iterable[str] | None = None,
    severities: Iterable[float] | None = None,
) -> Suite:
    """Return the part of a suite, by name or file, with these corruptions and severities.

    Raises InputError as `load_suite` and `Suite.select` do. The error for a corruption that the
    suite lacks names the built-in suite that has it.
    """
    suite = load_suite(name)
    try:
        return suite.select(corruptions, severities)
    except UnknownCorruptionError as error:
        known = {other: _corruptions(load_suite(other)) for other in SUITES}
        homes = [other for other, names in known.items() if error.name in names]
        if not homes:
            raise
        wrong = f"--corruptions {error.name}: is of the suite {homes[0]}, not of {suite.name}"
        advice = f"use --suite {homes[0]}"
        if not known[homes[0]].issuperset(error.selected):
            advice += " for it in another run, or write a suite file with all of them"
        raise InputError(f"{wrong}; {advice}") from None


def _corruptions(suite: Suite) -> frozenset[str]:
    return frozenset(suite.corruptions if isinstance(suite, CorruptionSuite) else ())


def suite_from_dict(values: Mapping[str, Any], where: str = "suite") -> Suite:
    """Return the suite of plain values that a run stores.

    InputError for values that are not a suite begins with `where`.
    """
    found = [kind for kind in KINDS if isinstance(values, Mapping) and kind.describes(values)]
    if not found:
        raise InputError(f"{where}: no kind of suite has these fields")
    suite = parse(found[0], values, where)
    if problem := suite.problem():
        raise InputError(f"{where}: {problem}")
    return suite


def _parse(text: str, name: str, file: str) -> Suite:
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of 5000 digits, deep nesting
        raise InputError(f"{file}: not a TOML file: {error}") from error
    kind = next((kind for kind in KINDS if kind.toml_keys & content.keys()), CorruptionSuite)
    return kind.from_toml(content, name, file)
