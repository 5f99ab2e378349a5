"""Validate seeds, severities and names."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from numbers import Real

from .errors import InputError

SEVERITIES = (1, 2, 3, 4, 5)
"""Whole severities of every corruption."""

MOST_SEVERITIES = 100
"""Most rows of a table of parameters that a user gives."""


def check_seed(seed: object) -> int:
    """Return a random seed as an int; InputError if it is no integer."""
    try:
        return operator.index(seed)  # type: ignore[arg-type]  # any object may be passed
    except TypeError:
        raise InputError(f"seed: expected an integer, got {seed!r}") from None


def check_severity(severity: object, most: int = SEVERITIES[-1]) -> float:
    """Return a severity: an int where it is whole, else a float of two decimals.

    InputError unless it is a number from 1 to `most` with at most two decimals.
    """
    try:
        number: float = operator.index(severity)  # type: ignore[arg-type]  # any may be passed
    except TypeError:
        number = float(severity) if isinstance(severity, Real) else 0
    if isinstance(severity, bool) or not 1 <= number <= most or round(number, 2) != number:
        raise InputError(
            f"severity: expected a number from 1 to {most} with at most two decimals, "
            f"got {severity!r}"
        )
    return int(number) if number == int(number) else number


def unknown(kind: str, name: object, valid: tuple[str, ...]) -> str:
    """Return the message for an unknown name: all valid names, and the nearest one."""
    return f"unknown {kind} {name!r}; choose from: {', '.join(valid)}{did_you_mean(name, valid)}"


def did_you_mean(name: object, valid: Iterable[str]) -> str:
    """Return the end of a message about an unknown name, "; did you mean fog?"; "" if none is near.

    Upper and lower case are the same.
    """
    spelled = {each.casefold(): each for each in valid}
    nearest = difflib.get_close_matches(str(name).casefold(), spelled, n=1)
    return f"; did you mean {spelled[nearest[0]]}?" if nearest else ""
