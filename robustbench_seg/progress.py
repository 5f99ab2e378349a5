"""The interface of progress callbacks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A callback that gets the steps done, their total and a short note after each step."""

    def __call__(self, stage: str, done: int, total: int, note: str) -> None:
        """Show the progress of a stage."""
        ...


def silent(stage: str, done: int, total: int, note: str) -> None:
    """Ignore the progress."""
