"""The interface of progress callbacks."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int, str], None]
"""Called after each step with the name of the stage, the steps done, their total and a note."""


def silent(stage: str, done: int, total: int, note: str) -> None:
    """Ignore the progress."""
