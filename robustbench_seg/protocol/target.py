"""What a run that is sampled stops at: `--until`."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import InputError
from . import parsing

DECIDED = "decided"
"""Stop when it is decided which of several models is more robust."""
SUITE_SCORE = "suite score"
_SHORT = {"suite": SUITE_SCORE}


class Target(NamedTuple):
    """Half the width of the 95 % interval of a score, at which a run may stop."""

    score: str
    """Name of a score of the suite."""
    half_width: float
    """As a fraction: 0.005 is half a point."""


def read_target(until: str | float) -> Target | None:
    """Read "0.5" or "retention:1.0", in points; None for "decided". InputError for all else."""
    if until == DECIDED:
        return None
    score, _, points = str(until).rpartition(":")
    try:
        value = parsing.number(points)
    except InputError:
        value = 0.0
    if not 0 < value < 100:
        raise InputError(
            f"--until {until}: write how many points the error may be, above 0: 0.5, or with "
            "another score retention:1.0; or decided"
        )
    return Target(_SHORT.get(score, score) or SUITE_SCORE, value / 100)
