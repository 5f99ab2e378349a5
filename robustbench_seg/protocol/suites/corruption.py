"""A suite: which corruptions at which severities, and which of those count in the scores.

The suites that come with the package are the TOML files in `data/`; a path to another file in
the same form works too:

    title = "Rain and glare"
    source = "where the policy comes from"
    severities = [1, 2, 3]                       # run and shown

    [[category]]
    name = "weather"
    corruptions = ["spatter", "brightness"]      # in the order of the table
    counted = [1, 2]                             # of the severities, those in the score
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from corruptions.checks import SEVERITIES, check_severity, unknown
from corruptions.errors import InputError
from corruptions.registry import find

from ...scores.policy import Column, SeverityPolicy

DATA = resources.files(__package__) / "data"
SUITES = ("cityscapes-c", "imagenet-c", "imagenet-c-all")
RESERVED = ("clean", "mean", "suite", "suite score", "retention", "mPC", "rPC", "pixel_accuracy")
"""Columns of the tables of scores, beside which the categories stand."""


@dataclass(frozen=True)
class Description:
    """Name, title and source of a suite."""

    name: str
    title: str
    source: str


@dataclass(frozen=True)
class Suite(SeverityPolicy, Description):
    """Ordered corruptions, the severities to run, and the policy by which they count."""

    @property
    def digest(self) -> str:
        """The SHA-256 of what the suite runs and counts; names, titles and layout do not matter."""
        columns = [[column.corruption, column.category, column.counted] for column in self.columns]
        content = json.dumps([columns, self.severities], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Suite:
        """Return the suite that `dataclasses.asdict` made plain values of, be it through JSON."""
        columns = [
            Column(**{**column, "counted": tuple(column["counted"])})
            for column in values["columns"]
        ]
        severities = tuple(values["severities"])
        return cls(**{**values, "columns": tuple(columns), "severities": severities})

    def conditions(self) -> tuple[tuple[str, int], ...]:
        """Return every (corruption, severity) to run, in order, without the clean image."""
        return tuple((name, severity) for name in self.corruptions for severity in self.severities)

    def select(
        self, corruptions: Iterable[str] | None = None, severities: Iterable[int] | None = None
    ) -> Suite:
        """Return the part of the suite with these corruptions and severities, None for all.

        The order stays that of the suite, and the part says in its name and title that it is one.
        A severity that is left out no longer counts; a corruption none of whose counted severities
        is left has no score. Raises InputError for a name or severity that the suite lacks.
        """
        names = self.corruptions if corruptions is None else tuple(corruptions)
        numbers = self.severities if severities is None else tuple(severities)
        for name in names:
            if name not in self.corruptions:
                raise InputError(unknown(f"corruption in {self.name}", name, self.corruptions))
        for number in numbers:
            if number not in self.severities:
                valid = ", ".join(map(str, self.severities))
                raise InputError(f"severity {number!r} is not in {self.name}; choose from: {valid}")
        if not names or not numbers:
            raise InputError(f"{self.name}: the selection leaves nothing to run")

        kept = tuple(severity for severity in self.severities if severity in numbers)
        columns = tuple(
            replace(column, counted=tuple(s for s in column.counted if s in kept))
            for column in self.columns
            if column.corruption in names
        )
        if len(columns) == len(self.columns) and kept == self.severities:
            return self
        which = ", ".join(column.corruption for column in columns)
        part = f"part: {which}" if len(columns) < len(self.columns) else "part: all corruptions"
        title = f"{self.title} ({part}; severities {', '.join(map(str, kept))})"
        return replace(
            self, name=f"{self.name}-part", title=title, columns=columns, severities=kept
        )


def suite_names() -> tuple[str, ...]:
    """Return the names of the suites that come with the package."""
    return SUITES


def load_suite(name: str | Path) -> Suite:
    """Return the suite of that name, or the one described by a TOML file.

    Raises InputError for an unknown name, an unreadable file, or a file that is not a suite; the
    line names the file and the key.
    """
    if name in SUITES:
        return _parse((DATA / f"{name}.toml").read_text("utf-8"), str(name), f"{name}.toml")
    path = Path(name)
    if path.suffix != ".toml":
        raise InputError(f"{unknown('suite', str(name), SUITES)}, or give a path to a .toml file")
    if path.stem in SUITES:
        raise InputError(f"{path}: has the name of a suite that comes with us; rename the file")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: the suite cannot be read: {reason}") from error
    return _parse(text, path.stem, str(path))


def _parse(text: str, name: str, file: str) -> Suite:
    """Return the suite that a TOML text describes; `file` names it in errors."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of numbers of 5000 digits, of deep nesting
        raise InputError(f"{file}: not a TOML file: {error}") from error
    _check_keys(content, ("title", "source", "severities", "category"), file, "")
    severities = _severities(content["severities"], SEVERITIES, file, "severities")
    categories = content["category"]
    if not isinstance(categories, list) or not categories:
        raise InputError(f"{file}: category: expected tables, each under a line [[category]]")

    columns: list[Column] = []
    for number, category in enumerate(categories, start=1):
        key = f"category {number}"
        _check_keys(category, ("name", "corruptions", "counted"), file, f"{key}: ")
        category_name = _string(category["name"], file, f"{key}: name")
        if category_name in RESERVED:
            raise InputError(f"{file}: {key}: name: {category_name!r} is the name of a score")
        counted = _severities(category["counted"], severities, file, f"{key}: counted")
        corruptions = category["corruptions"]
        if not isinstance(corruptions, list) or not corruptions:
            raise InputError(f"{file}: {key}: corruptions: expected a list of names")
        for corruption in corruptions:
            try:
                find(_string(corruption, file, f"{key}: corruptions"))
            except InputError as error:
                raise InputError(f"{file}: {key}: corruptions: {error}") from None
            if any(corruption == column.corruption for column in columns):
                raise InputError(f"{file}: {key}: corruptions: {corruption!r} appears twice")
            columns.append(Column(corruption, category_name, counted))

    title = _string(content["title"], file, "title")
    source = _string(content["source"], file, "source")
    return Suite(name, title, source, tuple(columns), severities)


def _check_keys(table: object, keys: tuple[str, ...], file: str, where: str) -> None:
    """Raise InputError unless the table has exactly these keys."""
    if not isinstance(table, dict):
        raise InputError(f"{file}: {where}expected a table")
    for key in keys:
        if key not in table:
            raise InputError(f"{file}: {where}{key} is missing; needed are {', '.join(keys)}")
    for key in table:
        if key not in keys:
            raise InputError(f"{file}: {where}{unknown('key', key, keys)}")


def _string(value: object, file: str, key: str) -> str:
    """Return a text that is not empty, or raise InputError."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{file}: {key}: expected a text, got {value!r}")
    return value


def _severities(value: object, allowed: tuple[int, ...], file: str, key: str) -> tuple[int, ...]:
    """Return rising severities out of the allowed ones, or raise InputError."""
    expected = f"expected rising severities out of {', '.join(map(str, allowed))}"
    if not isinstance(value, list) or not value:
        raise InputError(f"{file}: {key}: {expected}, got {value!r}")
    try:
        numbers = tuple(check_severity(severity) for severity in value)
    except InputError:
        numbers = ()
    if not numbers or not set(numbers) <= set(allowed) or list(numbers) != sorted(set(numbers)):
        raise InputError(f"{file}: {key}: {expected}, got {value!r}")
    return numbers
