"""The command line `robustseg`: each command parses, makes one library call, and prints.

Commands import what is heavy when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import InputError
from .datasets import datasets
from .eval import evaluate
from .models import models
from .report import report
from .suites import suites
from .train import train

app = typer.Typer(
    name="robustseg",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How robust is a semantic segmentation model? Cityscapes-C, reproducible to the pixel.",
)
app.command("eval")(evaluate)
app.command("report")(report)
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


def main() -> None:
    """Run the command line: exit code 2 for bad input, 130 after Ctrl-C."""
    # Worker threads that wait by spinning are many times slower wherever anything else runs on the
    # same cores; this must be set before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    errors = Console(stderr=True)
    try:
        app()
    except InputError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        sys.exit(2)
