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
from ..parameter_lists import ParameterLists

_NUMBER = re.compile(r"\d{1,3}(\.\d+)?")


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
        before, colon, number = choice.rpartition(":")
        if _NUMBER.fullmatch(number) is None:
            found.setdefault(name := choice, set())
            continue
        name = before if colon else name
        if not name:
            raise InputError(f"--corruptions {choice}: has no corruption; write fog:{choice}")
        found.setdefault(name, set()).add(float(number))
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


def _listed(severities: Iterable[float]) -> str:
    return ",".join(f"{each:g}" for each in sorted(severities))


def chosen_severities(
    severities: Iterable[float], known: Sequence[float], suite: str, *, between: bool
) -> tuple[float, ...]:
    """Return chosen severities of a suite in order, each once; int where whole.

    With `between` also those between two known ones. InputError for any other.
    """
    chosen = sorted({int(each) if each == int(each) else float(each) for each in severities})
    for severity in chosen:
        lies_between = between and type(severity) is float and known[0] < severity < known[-1]
        if severity not in known and not lies_between:
            others = ", or a number between them" if between else ""
            valid = ", ".join(map(str, known))
            raise InputError(f"severity {severity} is not in {suite}; choose from: {valid}{others}")
    return tuple(chosen)


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
