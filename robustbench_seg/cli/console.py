"""Terminal output of the commands: a console, tables, progress bars and notices."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ..progress import Progress as Callback
from ..visible import visible

if TYPE_CHECKING:
    from ..reporting.files import Reported


# Names of files, models and classes are shown as they are: `:car:` is no emoji, `[x]` no style.
console = Console(emoji=False)
errors = Console(stderr=True, emoji=False)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print what the library logs, such as the folder of a run."""
        say(record.getMessage())


@contextmanager
def progress_bars() -> Iterator[Callback]:
    """Show a bar with an ETA for each stage of long work, where there is a terminal to show it."""
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=errors,
        transient=True,
        redirect_stdout=console.is_terminal,
        disable=not errors.is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int, note: str) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total, completed=done - 1, note="")
        bars.update(tasks[stage], completed=done, total=total, note=visible(note))

    log, lines = logging.getLogger("robustbench_seg"), _Lines(logging.INFO)
    level = log.level
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    try:
        with bars:
            yield show
    finally:
        log.removeHandler(lines)
        log.setLevel(level)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: int | None = None
) -> None:
    """Print a table whose columns from number `right` on hold numbers; None: no column does.

    On a narrow terminal, other columns become narrower before the names in the first one.
    """
    # Names may hold brackets, which rich would read as markup.
    table = Table(
        title=_shown(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for index, column in enumerate(columns):
        numeric = right is not None and index >= right
        table.add_column(_shown(column), justify="right" if numeric else "left", no_wrap=index == 0)
    for row in rows:
        table.add_row(*map(_shown, row))
    console.print(table)


def _shown(name: str) -> str:
    return escape(visible(name))


def show(result: Reported, formats: Iterable[str], folder: str | Path | None = None) -> None:
    """Print a report, write it in the formats, and print the paths of the files."""
    from ..reporting.files import TABLES
    from ..reports.formats import terminal

    terminal.show(result.report(), console)
    paths = result.write(formats, folder)
    tables = [path for path in paths if path.suffix.removeprefix(".") in TABLES]
    for path in paths[: len(paths) - len(tables)]:
        say(f"{'figures' if path.is_dir() else 'report'}: {path}")
    if tables:
        say(f"tables: {tables[0].parent}")


def say(line: str) -> None:
    """Print a line as it is: names are not markup, and paths are not broken."""
    console.print(visible(line), markup=False, highlight=False, soft_wrap=True)


def notice(line: str) -> None:
    """Print a line about the command itself on stderr."""
    errors.print(visible(line), style="dim", markup=False, highlight=False, soft_wrap=True)
