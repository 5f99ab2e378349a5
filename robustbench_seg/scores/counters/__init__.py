"""What can be counted of a prediction, by the names of `--measure`.

To add one, write a `Measure` and its line in `COUNTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...corruptions.checks import did_you_mean
from ...errors import InputError
from .boundary import Boundary
from .confidence import Confidence
from .counter import Counter, Counts, Measure, Prediction, Probabilities
from .matrix import ConfusionMatrix
from .region import Inside

COUNTERS: Mapping[str, Callable[[str], Measure]] = {"boundary": Boundary, "calibration": Confidence}
"""Counters beside the confusion matrix: name -> a function from the text after the colon, or "".

The function raises ValueError, with words for the user, for a text that it does not know."""
MATRIX = ConfusionMatrix()
INSIDE = Inside()
"""Counted in addition where only a region of the frames is corrupted."""
DEFAULT = ("miou", "boundary")
"""What is measured by default: what takes less than a twentieth of the time of a prediction."""


def read_measures(measures: Sequence[str]) -> tuple[Measure, ...]:
    """Return the counters of measures such as "boundary:0.5%", without the confusion matrix.

    It is counted always: "miou" adds nothing. Raises InputError for an unknown measure, and for one
    that is there twice.
    """
    found: dict[str, Measure] = {}
    for measure in measures:
        if measure == MATRIX.name:
            continue
        name, _, parameter = measure.partition(":")
        if name not in COUNTERS:
            known = (MATRIX.name, *COUNTERS)
            raise InputError(
                f"--measure {measure}: unknown; there are {', '.join(known)}"
                f"{did_you_mean(name, known)}"
            )
        if name in found:
            raise InputError(f"--measure {measure}: {name} is there twice; name it once")
        try:
            found[name] = COUNTERS[name](parameter)
        except ValueError as error:
            raise InputError(f"--measure {measure}: {error}") from error
    # In the order of the table, so that the order on the command line makes no other run.
    return tuple(found[name] for name in COUNTERS if name in found)


__all__ = [
    "COUNTERS",
    "DEFAULT",
    "INSIDE",
    "MATRIX",
    "Counter",
    "Counts",
    "Measure",
    "Prediction",
    "Probabilities",
    "read_measures",
]
