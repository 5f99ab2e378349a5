"""The command line `robustseg`: each command parses, makes one library call, and prints.

Commands import what is heavy when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import InputError
from .corrupt import corrupt
from .datasets import datasets
from .eval import evaluate
from .models import models
from .report import report
from .suites import suites
from .train import train

# Typer has no public name for what its parser raises, of which BadParameter is one kind.
_UsageError: Any = typer.BadParameter.__base__

app = typer.Typer(
    name="robustseg",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How robust is a semantic segmentation model? Cityscapes-C, reproducible to the pixel.",
)
app.command("eval")(evaluate)
app.command("report")(report)
app.command("corrupt")(corrupt)
app.command("train")(train)
app.command("suites")(suites)
app.command("models")(models)
app.command("datasets")(datasets)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"robustseg {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def run() -> int:
    """Run the command line and return its exit code: 2 for bad input, 130 after Ctrl-C."""
    errors = Console(stderr=True)
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        return 130
    except InputError as error:
        message = str(error)
    except _UsageError as error:
        message = error.format_message()
    errors.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True, highlight=False)
    return 2
