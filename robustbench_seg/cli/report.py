"""`robustseg report`: make the report of a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The HTML file. (default: report.html in the run)", show_default=False),
    ] = None,
    csv: options.Csv = False,
    parquet: options.Parquet = False,
) -> None:
    """Make the report of a stored run again; it needs neither the models nor the data."""
    from ..evaluation.run import Run
    from .output import print_run, write_outputs

    stored = Run.open(run)
    print_run(stored)
    write_outputs(stored, out or run / "report.html", csv=csv, parquet=parquet)
