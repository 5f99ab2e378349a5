"""Terminal output of the commands: a console, tables and notices."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ..visible import visible

if TYPE_CHECKING:
    import pandas as pd

    from ..reporting.files import Reported


# Names of files, models and classes are shown as they are: `:car:` is no emoji, `[x]` no style.
console = Console(emoji=False)
errors = Console(stderr=True, emoji=False)
_json: TextIO | None = None
"""The stdout of a command with --json."""


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: int | None = None
) -> None:
    """Print a table whose columns from number `right` on hold numbers; None: no column does.

    On a narrow terminal, other columns become narrower before the names in the first one.
    """
    if _json is not None:  # which has the numbers
        return
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


def show(result: Reported, formats: Sequence[str], folder: str | Path | None = None) -> None:
    """Print a report, write it in the formats, and print the paths of the files."""
    from ..reporting.files import TABLES
    from ..reports.formats import terminal

    with doing("making the report"):
        report = result.report()
    terminal.show(report, console)
    with doing(f"writing {', '.join(formats)}"):
        paths = result.write(formats, folder)
    tables = [path for path in paths if path.suffix.removeprefix(".") in TABLES]
    for path in paths[: len(paths) - len(tables)]:
        _path("figures" if path.is_dir() else "report", path)
    if tables:
        _path("tables", tables[0].parent)


@contextmanager
def doing(work: str) -> Iterator[None]:
    """Show work that takes seconds: while it lasts in a terminal, elsewhere as a line on stdout."""
    if errors.is_terminal:
        with errors.status(work):
            yield
    else:
        say(work)
        yield


@contextmanager
def json_output() -> Iterator[None]:
    """Print on stdout nothing but what `give` gets; all else, of models too, goes to stderr."""
    global _json
    _json = sys.stdout
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _json = None


def give(tables: Callable[[], Mapping[str, pd.DataFrame]]) -> None:
    """Print tables, by name, where --json asks for them."""
    if _json is not None:
        from ..reporting.files import json_content

        _json.write(json_content(tables()))


def _path(name: str, path: Path) -> None:
    """Print a path, on which a terminal that knows links can be clicked."""
    link = path.absolute().as_uri()
    text = Text.assemble(f"{name}: ", (visible(str(path)), Style(link=link)))
    console.print(text, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print a line as it is: names are not markup, and paths are not broken."""
    console.print(visible(line), markup=False, highlight=False, soft_wrap=True)


def notice(line: str) -> None:
    """Print a line about the command itself on stderr."""
    errors.print(visible(line), style="dim", markup=False, highlight=False, soft_wrap=True)
