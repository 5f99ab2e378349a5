"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called after each step with what is done, out of how much, and a short note."""

    def __call__(self, stage: str, done: int, total: int, note: str) -> None:
        """Show it."""
        ...


def silent(stage: str, done: int, total: int, note: str) -> None:
    """Show nothing."""
