"""`robustseg report`: make the reports of stored runs again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="The folders of runs, a report each.")
    ],
    formats: options.Formats = "html",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder to write to; with several runs, each has a folder in it, of its own "
            "name. (default: the run's own folder)",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the reports of stored runs again; it needs neither the models nor the data."""
    chosen = options.names("--format", formats) or []

    from ..errors import InputError
    from ..reporting.run import Run
    from .files import check_formats, write_files
    from .output import print_run

    check_formats(chosen)
    folders = [run.resolve().name for run in runs]
    if out is not None and len(set(folders)) < len(folders):
        raise InputError(
            f"--out {out}: two of the runs have folders of the same name; make their reports apart"
        )
    stored = [Run.open(run) for run in runs]
    for run, name in zip(stored, folders, strict=True):
        print_run(run)
        apart = Path(name) if len(runs) > 1 else Path()
        write_files(run, run.folder if out is None else out / apart, chosen)
