"""The identity of a prediction, under which its counts are stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Cell:
    """A model's prediction for a frame under a condition, in one draw."""

    model: str
    condition: str
    """Name of the condition, without the severity."""
    severity: float
    frame: str
    draw: int = 0
    """Repetition of the condition's randomness, from 0; draw d uses the run's seed + d."""

    def __str__(self) -> str:
        condition = f"{self.condition} {self.severity}" if self.severity else self.condition
        return f"{self.model} on {self.frame} under {condition}"
