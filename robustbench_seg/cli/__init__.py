"""The command line `robustseg`: each command parses, makes one library call, and prints.

Commands import what is heavy when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import InputError
from .compare import compare
from .corrupt import corrupt
from .datasets import datasets
from .erf import erf
from .eval import evaluate
from .merge import merge
from .models import models
from .plan import plan
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
app.command("merge")(merge)
app.command("plan")(plan)
app.command("report")(report)
app.command("compare")(compare)
app.command("corrupt")(corrupt)
app.command("erf")(erf)
app.command("train")(train)
app.command("suites")(suites)
app.command("models")(models)
app.add_typer(datasets, name="datasets")


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
    # Pillow's about images that we refuse in one line anyway.
    warnings.filterwarnings("ignore", r"Image size \(\d+ pixels\) exceeds limit")
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
    except OSError as error:  # a disk that is full or gone, a name that is too long
        message = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    # Names in files may hold line breaks, or what a terminal takes for a command.
    line = "".join(letter if letter.isprintable() else " " for letter in message)
    errors.print(f"[bold red]error:[/] {escape(line)}", soft_wrap=True, highlight=False)
    return 2
