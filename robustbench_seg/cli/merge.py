"""`robustseg merge`: join the parts of a run that `eval --shard` made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The folders of the parts.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the whole run. (default: one in results/, named after what is run)",
            show_default=False,
        ),
    ] = None,
    formats: options.Formats = "html",
) -> None:
    """Join the parts of a run that eval --shard made, and report the whole.

    Where frames are missing, it says which; run it again when they are there.
    """
    chosen_formats = options.names("--format", formats) or []

    from ..api import merge
    from .console import progress_bars, say
    from .files import check_formats, write_files
    from .output import print_failures, print_header, print_run

    check_formats(chosen_formats)
    with progress_bars() as progress:
        run = merge(runs, out, progress)
    print_header(run.spec, run.folder)
    if run.frames:
        print_run(run)
        write_files(run, run.folder, chosen_formats)
    else:
        print_failures(run)
    if missing := run.missing_frames:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        say(f"missing: {len(missing)} of {len(run.spec.frames)} frames: {shown}")
    if missing or run.failures:
        raise typer.Exit(1)
