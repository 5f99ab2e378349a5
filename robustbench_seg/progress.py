"""The interface of progress callbacks, and the stages that displays of progress keep."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from .visible import visible

Progress = Callable[[str, int, int, str], None]
"""Called after each step with the name of the stage, the steps done, their total and a note."""
STARTING = "starting"
"""Stage until the first step is done: packages, data and weights are loaded."""


def silent(stage: str, done: int, total: int, note: str) -> None:
    """Ignore the progress."""


@dataclass
class Stage:
    """A stage of the work: its steps, and when they were done."""

    name: str
    first: int
    """Steps that were done when it began, such as those of a run that goes on."""
    done: int
    total: int
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    updated: float = field(default_factory=time.monotonic)

    def count(self) -> str:
        """Return the steps that are done and their number, or "" while that is unknown."""
        return f"{self.done}/{self.total}" if self.total else ""

    def eta(self) -> str:
        """Return the remaining time as H:MM:SS, or dashes before a step is done; "" at the end."""
        if self.done >= self.total:
            return ""
        if self.done <= self.first:
            return "ETA -:--:--"
        a_step = (self.updated - self.began) / (self.done - self.first)
        left = a_step * (self.total - self.done) - (time.monotonic() - self.updated)
        return f"ETA {timedelta(seconds=max(0, round(left)))}"

    def line(self) -> str:
        """Return all of it in a line."""
        steps = f": {self.done} of {self.total}" if self.total else ""
        return ", ".join(filter(None, [f"{self.name}{steps}", self.eta(), self.note]))


def stages(begin: Callable[[Stage], None], update: Callable[[Stage], None]) -> Progress:
    """Return a callback that keeps the stages, and calls what shows them."""
    known: dict[str, Stage] = {}

    def show(name: str, done: int, total: int, note: str) -> None:
        note = visible(note)
        if name not in known:
            known[name] = Stage(visible(name), done, done, total, note)
            begin(known[name])
            return
        stage = known[name]
        stage.done, stage.total, stage.note = done, total, note
        stage.updated = time.monotonic()
        update(stage)

    return show
