"""Parameters of the corruptions of a suite file, in place of those of the publications.

    [corruption.fog]
    density = [1.0, 2.0, 4.0]        # a value for each severity from 1 on

The table of a built-in corruption names its parameters: `find("fog").table`. Those of one's own are
the parameters of its function that have defaults.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from ..corruptions.catalogue import BUILT_IN
from ..corruptions.checks import MOST_SEVERITIES, unknown
from ..corruptions.finding import find
from ..corruptions.severity_table import Parameter, SeverityTable
from ..errors import InputError
from ..schema import Between, Name

_VALUES = Between(1, MOST_SEVERITIES)


@dataclass(frozen=True)
class ParameterLists:
    """Parameters of a corruption by severity, from 1 on; built-in ones keep those not named."""

    corruption: Name
    names: Annotated[tuple[Name, ...], Between(1, 100)]
    values: Annotated[tuple[Annotated[tuple[float, ...], _VALUES], ...], Between(1, 100)]
    """Those of each parameter."""

    @property
    def severities(self) -> range:
        """Whole severities."""
        return range(1, len(self.values[0]) + 1)

    @cached_property
    def table(self) -> SeverityTable:
        """All parameters of the corruption; InputError for values that it cannot have."""
        given = dict(zip(self.names, self.values, strict=False))
        if len(self.names) != len(self.values) or len(given) < len(self.names):
            raise InputError(f"{self.corruption}: expected a list of values for each parameter")
        if self.corruption in BUILT_IN:
            return find(self.corruption).table.varied(given)
        own = (Parameter(name, (), -math.inf, math.inf) for name in given)
        return SeverityTable(*own).varied(given)

    def at(self, severity: float) -> tuple[tuple[str, float], ...]:
        """Return the names and values of the parameters at a severity."""
        return tuple(zip(self.table.names, self.table.at(severity), strict=True))

    def __str__(self) -> str:
        return " and ".join(
            f"{name} {', '.join(f'{value:g}' for value in values)}"
            for name, values in zip(self.names, self.values, strict=True)
        )


def lists_fault(lists: ParameterLists) -> str:
    """Return what is wrong with parameters of a corruption, or ""."""
    try:
        _ = lists.table
    except InputError as error:
        return f"{lists.corruption}: {error}"
    return ""


def read_lists(
    tables: object, corruptions: Collection[str], highest: float, file: str
) -> tuple[ParameterLists, ...]:
    """Return the tables [corruption.NAME] of a suite file whose corruptions run up to a severity.

    InputError names the file and the key of what is wrong.
    """
    if not isinstance(tables, Mapping):
        raise InputError(f"{file}: corruption: expected tables [corruption.NAME]")
    found = []
    for name, table in tables.items():
        where = f"{file}: corruption.{name}"
        if name not in corruptions:
            raise InputError(f"{where}: {unknown('corruption', name, tuple(corruptions))}")
        if not isinstance(table, Mapping) or not table:
            raise InputError(f"{where}: expected a list for each parameter")
        for key, values in table.items():
            if not isinstance(values, list) or len(values) != math.ceil(highest):
                raise InputError(
                    f"{where}: {key}: expected a list of {math.ceil(highest)} numbers, one for "
                    f"each severity from 1 on, got {values!s:.60}"
                )
        try:
            find(name).table.varied(table)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        found.append(ParameterLists(name, tuple(table), tuple(map(tuple, table.values()))))
    return tuple(found)
