"""Suites of the conditions in which the frames of a dataset were taken, such as fog and night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...scores.policy import Column
from ..condition import CLEAN, Condition
from ..input_geometry import Size
from .corruption import CorruptionSuite


@dataclass(frozen=True)
class TakenSuite(CorruptionSuite):
    """Conditions in which the frames of a dataset were taken, such as fog and night."""

    toml_keys: ClassVar[frozenset[str]] = frozenset()
    noun: ClassVar[str] = "conditions"

    @classmethod
    def of(cls, dataset: str, conditions: Sequence[str]) -> TakenSuite:
        """Return the suite of a dataset's conditions, in order."""
        return cls(
            name="adverse",
            title=f"{dataset}: frames that were taken in {', '.join(conditions)}",
            source="the dataset has a folder for each condition",
            columns=tuple(Column(name, "adverse", (0,)) for name in conditions),
            severities=(0,),
        )

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions, which have no severities."""
        return tuple(map(Condition, self.corruptions))

    @property
    def examples(self) -> frozenset[tuple[str, float]]:
        """All conditions."""
        return frozenset(condition.key for condition in self.conditions)

    def notes(self, frame_sizes: Sequence[Size]) -> tuple[str, ...]:  # noqa: ARG002
        """Return how the frames are scored."""
        return ("No frame was changed: each was taken in one condition, and is scored as it is.",)

    @classmethod
    def describes(cls, values: Mapping[str, Any]) -> bool:
        """Whether the only severity is 0."""
        return super().describes(values) and values["severities"] in ([0], (0,))

    def problem(self) -> str:
        """Return which condition is there twice or named like a score, or ""."""
        return super().problem() if self.columns else ""  # all may be taken in fair weather

    _known_severities: ClassVar[tuple[int, ...]] = (0,)
    between: ClassVar[bool] = False

    def _is_known(self, corruption: str) -> bool:
        return corruption != CLEAN.name
