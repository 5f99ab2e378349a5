"""Tables of the parameters of a corruption by severity.

FOG = SeverityTable(
    Parameter("density", (1.5, 2.0, 2.5, 2.5, 3.0), 0, 100),
    Parameter("decay", (2.0, 2.0, 1.7, 1.5, 1.4), 1, 10),
)
density, decay = FOG.at(2.5)         # 2.25, 1.85
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from .checks import unknown
from .errors import InputError

Strength = float | tuple[float, ...]
"""A severity, or the values of the parameters of a corruption in the order of its table."""


NO_PARAMETERS: Mapping[str, float] = MappingProxyType({})
"""No values in place of those of a severity."""


@dataclass(frozen=True)
class Parameter:
    """A number that makes a corruption weaker or stronger."""

    name: str
    values: tuple[float, ...]
    """By severity, from 1 on."""
    least: float
    most: float
    whole: bool = False
    """Whether it is a whole number: one between two severities is rounded."""
    apart: str = ""
    """Why no value lies between two others; "": one between two severities is interpolated."""

    def at(self, severity: float) -> float:
        """Return the value at a severity; InputError where there is none."""
        lower = int(severity)
        if not 1 <= severity <= len(self.values):
            raise InputError(
                f"severity: expected a number from 1 to {len(self.values)}, got {severity}"
            )
        first, share = self.values[lower - 1], severity - lower
        if share == 0 or first == (second := self.values[lower]):
            return first
        if self.apart:
            raise InputError(
                f"severity: there is none between {lower} and {lower + 1}, since {self.apart}; "
                "use whole ones"
            )
        between = first + share * (second - first)
        return math.floor(between + 0.5) if self.whole else between

    def checked(self, value: object) -> float:
        """Return a value that a user gives; InputError unless it may be one."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.least <= value <= self.most  # nor is NaN
            or (self.whole and value != int(value))
        ):
            kind = "whole number" if self.whole else "number"
            raise InputError(
                f"{self.name}: expected a {kind} from {self.least} to {self.most}, got {value!r}"
            )
        return int(value) if self.whole else value


class SeverityTable:
    """The parameters of a corruption in order, with a value for each severity."""

    def __init__(self, *parameters: Parameter):
        self.parameters = parameters

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(each.name for each in self.parameters)

    def at(self, strength: Strength) -> tuple[Any, ...]:
        """Return the value of each parameter: int for whole numbers, else float.

        A whole severity has its row of the table. One between two has values between theirs;
        InputError where a parameter has none.
        """
        if isinstance(strength, tuple):
            return strength
        return tuple(each.at(strength) for each in self.parameters)

    def row(self, severity: float, given: Mapping[str, float]) -> tuple[float, ...]:
        """Return the row at a severity with the given values in place of those of the table.

        InputError for an unknown name, a value out of range, and as `at`.
        """
        self.check_names(given)
        return tuple(
            each.checked(given[each.name]) if each.name in given else each.at(severity)
            for each in self.parameters
        )

    def varied(self, given: Mapping[str, Sequence[float]]) -> SeverityTable:
        """Return the table with other values of some parameters, one for each severity from 1 on.

        InputError for an unknown name, a value out of range, and lists of different lengths.
        """
        self.check_names(given)
        count = max(map(len, given.values()), default=0)
        for each in self.parameters:
            found = len(given.get(each.name, each.values))
            if found < count or (each.name in given and found > count):
                raise InputError(
                    f"{each.name}: expected {count} values, one for each severity, got {found}"
                )
        return SeverityTable(
            *(
                replace(each, values=tuple(map(each.checked, given[each.name])))
                if each.name in given
                else each
                for each in self.parameters
                if each.values or each.name in given
            )
        )

    def check_names(self, given: Mapping[str, object]) -> None:
        """Raise InputError for the name of no parameter."""
        for name in given:
            if name not in self.names:
                raise InputError(unknown("parameter", name, self.names))
