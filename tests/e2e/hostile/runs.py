"""Crafted runs with right digests, each with the line that refuses it, or none if it is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from robustbench_seg.protocol.suites import load_suite
from tests.e2e.hostile import counts, databases, rows, specifications
from tests.e2e.hostile.crafted import Change, Crafted, crafted
from tests.helpers.stored_runs import stored_spec


class Attack(NamedTuple):
    """A crafted run: its kind and name, what is changed, and the message that is expected."""

    kind: str
    name: str
    change: Change
    refusal: str | None
    """Regular expression; None: the run is read, with the numbers of the unchanged one."""
    base: Callable[[], Crafted] = crafted

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"

    def write(self, folder: Path) -> Path:
        """Store the run in a folder, and return its file."""
        run = self.base()
        self.change(run)
        return run.write(folder)


def attacks() -> list[Attack]:
    """Return all crafted runs."""
    groups = (
        (specifications.fields, "field", "row spec of meta: specification: "),
        (specifications.parts, "specification", "row spec of meta: specification: "),
        (specifications.texts, "JSON", "row spec of meta: "),
        (counts.matrices, "matrix", r"row \d+ of cells: the matrix of b0 on frame_0 under clean "),
        (counts.cells, "cell", r"row \d+ of cells: "),
        (rows.sessions, "session", r"row \d+ of sessions: "),
        (rows.pictures, "picture", r"row \d+ of pictures: .*"),
        (rows.failures, "failure", r"row \d+ of failures: "),
        (rows.meta, "meta", ""),
        (databases.schemas, "SQLite", "run.sqlite.*"),
    )
    found = [
        Attack(kind, name, change, None if words is None else start + words)
        for group, kind, start in groups
        for name, change, words in group()
    ]
    start = "row spec of meta: specification: "
    resolution = partial(crafted, stored_spec(suite=load_suite("resolution")))
    found += [
        Attack("resolution", name, change, start + words, resolution)
        for name, change, words in specifications.resolutions()
    ]
    return found
