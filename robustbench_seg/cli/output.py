"""What commands show of a run or a comparison: the report here, and the paths of its files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reports.formats import terminal

from ..reporting.files import TABLES, Reported
from .console import console, say


def show(result: Reported, formats: Iterable[str], folder: str | Path | None = None) -> None:
    """Print the report, write it in the formats, and print the paths."""
    terminal.show(result.report(), console)
    paths = result.write(formats, folder)
    tables = [path for path in paths if path.suffix.removeprefix(".") in TABLES]
    for path in paths[: len(paths) - len(tables)]:
        say(f"{'figures' if path.is_dir() else 'report'}: {path}")
    if tables:
        say(f"tables: {tables[0].parent}")
