"""What the commands print with: a console, progress bars, tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

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
from .compiling import told_of_compiling

console = Console()


@contextmanager
def progress_bars() -> Iterator[Callback]:
    """Show a bar with an ETA for each stage of long work, where there is a terminal to show it."""
    terminal = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int, note: str) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total, completed=done - 1, note="")
        bars.update(tasks[stage], completed=done, note=note)

    def tell(line: str) -> None:
        bars.console.print(line, style="dim", highlight=False)

    with bars, told_of_compiling(tell):
        yield show


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: int | None = None
) -> None:
    """Print a table whose columns from number `right` on (None: none) are numbers."""
    # Names may hold brackets, which rich would read as markup.
    table = Table(
        title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for index, column in enumerate(columns):
        numeric = right is not None and index >= right
        table.add_column(escape(column), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def say(line: str) -> None:
    """Print a line as it is: names are not markup, and paths are not broken."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
