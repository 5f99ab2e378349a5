"""The severity policy of a benchmark: which severities of each corruption count in its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from ..schema import Between, Name

RESERVED = ("clean", "mean", "suite", "suite score", "retention", "mPC", "rPC", "pixel_accuracy")
"""Columns of the tables of scores, beside which the categories stand."""


@dataclass(frozen=True)
class Column:
    """A corruption in a suite: its category there, and the severities that count."""

    corruption: Name
    category: Name
    counted: tuple[float, ...]


@dataclass(frozen=True)
class SeverityPolicy:
    """Ordered corruptions, the severities that are run, and those that count."""

    columns: Annotated[tuple[Column, ...], Between(0, 1000)]
    severities: tuple[float, ...]

    @property
    def corruptions(self) -> tuple[str, ...]:
        """Names of the corruptions, in order."""
        return tuple(column.corruption for column in self.columns)

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories in the order in which they first appear."""
        return tuple(dict.fromkeys(column.category for column in self.columns))


def even_step(severities: Sequence[float]) -> float | None:
    """Return the step between rising severities, of two decimals; None if it varies."""
    steps = {round(after - before, 2) for before, after in pairwise(severities)}
    return steps.pop() if len(steps) == 1 else None
