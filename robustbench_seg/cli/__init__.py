"""The command line `robustseg`: each command makes one library call and shows the result."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
import warnings
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from rich.markup import escape

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..visible import visible
from . import artifacts, costs, evaluation, leaderboard, lists
from .console import errors, notice, print_table, say
from .deprecated import current

_SHARED_MEMORY = "/dev/shm"
BROKEN_PIPE = 141
"""Exit code after the reader of the output has ended: that of a shell for SIGPIPE."""
COMPLETING = "_ROBUSTSEG_COMPLETE"
"""Variable in which a shell asks for completions."""
FIRST = ("eval", "report", "compare", "corrupt", "doctor")
"""Commands that `robustseg` alone shows."""

# Typer has no public name for what its parser raises, of which BadParameter is one kind.
_UsageError: Any = typer.BadParameter.__base__

_USAGE = {
    r"^No such (option|command):? '?([^\s']+)'?.*": r"\2: no such \1",
    r"^Option '(\S+)' requires an argument": r"\1: needs a value",
    r"^Missing argument '(\S+)'": r"\1: missing",
}
"""Messages of Typer's parser, and ours of the form `<option>: <what is wrong>`."""

app = typer.Typer(
    name="robustseg",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How robust is a semantic segmentation model? Cityscapes-C, reproducible to the pixel.",
)
app.command("eval")(evaluation.evaluate)
app.command("diagnose")(lists.diagnose)
app.command("calibrate")(lists.calibrate)
app.command("doctor")(lists.doctor)
app.command("merge")(evaluation.merge)
app.command("report")(evaluation.report)
app.command("compare")(evaluation.compare)
app.command("figures")(artifacts.figures)
app.command("forecast")(costs.forecast)
app.command("erf")(evaluation.erf)
app.command("corrupt")(artifacts.corrupt)
app.command("train")(artifacts.train)
app.command("suites")(lists.suites)
app.command("models")(lists.models)
app.add_typer(lists.datasets, name="datasets")
app.add_typer(leaderboard.app, name="leaderboard")


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"robustseg {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command; without any, show the first commands."""
    if context.invoked_subcommand is not None:
        return
    group: Any = context.command
    rows = [(name, group.commands[name].help.partition("\n")[0]) for name in FIRST]
    print_table(group.help, ("command", "what it does"), rows)
    say("All commands: robustseg --help. The options of one: robustseg eval --help.")


def run() -> int:
    """Run the command line and return its exit code: 2 for bad input, 130 after Ctrl-C, 141."""
    _find_temporary_folder()
    if isinstance(sys.stdout, TextIOWrapper):  # as of stderr: a pipe's encoding may lack letters
        sys.stdout.reconfigure(errors="backslashreplace")
    # Pillow's about images that we refuse in one line anyway.
    warnings.filterwarnings("ignore", r"Image size \(\d+ pixels\) exceeds limit")
    try:
        arguments = current(sys.argv[1:], notice)
        code = int(app(arguments, prog_name="robustseg", standalone_mode=False) or 0)
        sys.stdout.flush()
        return code
    except typer.Abort:
        return 130
    except InputError as error:
        message = str(error)
    except _UsageError as error:
        message = error.format_message().rstrip(".")
        for theirs, ours in _USAGE.items():
            message = re.sub(theirs, ours, message)
        command = error.ctx.command_path if error.ctx else "robustseg"
        word, unknown, _ = message.partition(": no such ")
        meant = did_you_mean(word, _spellings(error.ctx)) if unknown and error.ctx else ""
        message += f"; see {command} --help{meant}"
    except BrokenPipeError:
        return _output_closed()
    except SystemExit as error:
        if COMPLETING in os.environ or any(word.endswith("-completion") for word in sys.argv[1:2]):
            return int(error.code or 0)  # Typer exits after it has completed, or installed that
        if isinstance(error.__context__, BrokenPipeError):  # rich and Typer exit with 1 then
            return _output_closed()
        # Code of others must not end a run with success.
        message = f"a model, dataset or module of others called sys.exit({error.code}); remove it"
    except OSError as error:  # a disk that is full or gone, a name that is too long
        if sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None:
            return _output_closed()  # Windows' error of a closed pipe
        message = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    line = visible(" ".join(message.split()))
    errors.print(f"[bold red]error:[/] {escape(line)}", soft_wrap=True, highlight=False)
    return 2


def _spellings(context: Any) -> list[str]:
    """Return the options of the command that refused its arguments, and its commands."""
    options = [flag for option in context.command.params for flag in option.opts]
    return [*options, *getattr(context.command, "commands", ())]


def _output_closed() -> int:
    """Return the exit code where what reads the output has ended, such as `head -1`."""
    # Python flushes once more at its exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _find_temporary_folder() -> None:
    """Use shared memory where no folder for temporary files can be written, and say so."""
    try:
        tempfile.gettempdir()
    except OSError as error:
        if os.access(_SHARED_MEMORY, os.W_OK):
            tempfile.tempdir = os.environ["TMPDIR"] = _SHARED_MEMORY
            notice(f"{error.strerror}: {_SHARED_MEMORY} is used; set TMPDIR to another folder")
