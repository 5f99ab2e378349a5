"""Severities as users write them and as a suite shows them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from ...corruptions.catalogue import BUILT_IN
from ...corruptions.checks import check_severity
from ...corruptions.finding import find
from ...errors import InputError
from ...scores.policy import even_step
from ..own_corruptions import PREFIX
from ..parameter_lists import ParameterLists

_NUMBER = re.compile(r"\d{1,3}(\.\d+)?")
_LIKE_NUMBER = re.compile(r"[-+.\d][-+.\de]*|nan|inf", re.IGNORECASE)
"""What is meant as a number, such as 1-3 and 1e400, though it may be no severity."""


def with_severities(
    choices: Iterable[str], severities: Iterable[float] | None
) -> tuple[list[str], Iterable[float] | None]:
    """Split choices such as "fog:1", "1.5", "snow:1,1.5" into names and severities.

    A number belongs to the name before it. InputError unless all corruptions have the same
    severities, and none of their own beside those of `severities`.
    """
    found: dict[str, set[float]] = {}
    name = ""
    for choice in choices:
        before, number = _parts(choice)
        name = before or name
        if not name or choice.startswith(":"):
            raise InputError(f"--corruptions {choice}: has no corruption; write fog:2")
        own = found.setdefault(name, set())
        if number is not None:
            own.add(_severity(name, number))
    given = {each for own in found.values() for each in own}
    if any(own != given for own in found.values()):
        each = ", ".join(f"{name} has {_listed(own) or 'none'}" for name, own in found.items())
        raise InputError(
            f"--corruptions: all corruptions of a run have the same severities, and {each}; write "
            f"{','.join(found)} with --severities {_listed(given)}, or make a run of each"
        )
    if given and severities is not None:
        raise InputError("--severities: --corruptions has some too; leave one of them out")
    return list(found), given or severities


def _parts(choice: str) -> tuple[str, str | None]:
    """Return the name and the severity of "fog:1", "fog" or "1"; "" and None where they are not."""
    before, colon, last = choice.rpartition(":")
    if _LIKE_NUMBER.fullmatch(last) or (colon and not choice.startswith(PREFIX)):
        return before, last
    return choice, None


def _severity(corruption: str, number: str) -> float:
    if _NUMBER.fullmatch(number) is None:
        raise InputError(
            f"--corruptions {corruption}:{number}: {number!r} is no severity; write a number, "
            f"{corruption}:2, or several, {corruption}:1,2"
        )
    return float(number)


def _listed(severities: Iterable[float]) -> str:
    return ",".join(f"{each:g}" for each in sorted(severities))


def chosen_severities(
    severities: Iterable[float], known: Sequence[float], suite: str, *, between: bool
) -> tuple[float, ...]:
    """Return chosen severities of a suite in order, each once; int where whole.

    With `between` also those between two known ones. InputError for any other.
    """
    chosen: set[float] = set()
    for given in severities:
        inside = known[0] <= given <= known[-1]  # nor is NaN
        severity = int(given) if inside and given == int(given) else float(given)
        if severity not in known and not (between and inside and type(severity) is float):
            others = ", or a number between them" if between else ""
            valid = ", ".join(map(str, known))
            raise InputError(f"severity {given:g} is not in {suite}; choose from: {valid}{others}")
        chosen.add(severity)
    return tuple(sorted(chosen))


def counted_of(severities: Iterable[float], counted: Sequence[float]) -> tuple[float, ...]:
    """Return those severities that count: counted ones, and those between two of them."""
    return tuple(
        each
        for each in severities
        if each in counted or {math.floor(each), math.ceil(each)} <= {*counted}
    )


def severity_fault(
    severities: Sequence[float],
    known: Sequence[int],
    between: bool,
    corruption: str,
    lists: ParameterLists | None,
) -> str:
    """Return why a corruption cannot be run at rising severities, or ""."""
    known = lists.severities if lists else known
    for severity in severities:
        if type(severity) is int and severity in known:
            continue
        if type(severity) is int or not between or severity == int(severity):
            return f"severities {severities}: expected rising ones out of {tuple(known)}"
        try:
            check_severity(severity, known[-1])
            if lists or corruption in BUILT_IN:
                (lists or find(corruption)).table.at(severity)
        except InputError as error:
            return f"{corruption}: {error}"
    return ""


def severity_text(severities: Sequence[float], *, ranges: bool = True) -> str:
    """Return severities as a range "1-3" or "1-3 by 0.5", as a list "1, 3", or "none".

    Without `ranges`, whole ones are a list.
    """
    if not severities:
        return "none"
    step = even_step(severities)
    if step is not None and ((step < 1 and len(severities) > 2) or (step == 1 and ranges)):
        by = "" if step == 1 else f" by {step:g}"
        return f"{severities[0]}-{severities[-1]}{by}"
    return ", ".join(map(str, severities))
