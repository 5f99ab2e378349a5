"""`robustseg eval`, `merge`, `report` and `compare`: runs, shown here and reported in files."""

# Annotations are not postponed: `options.parameters` reads them as objects.

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import api
from ..errors import InputError
from ..protocol import options
from ..protocol.options import OUTPUT, Option
from .command import command
from .console import say

if TYPE_CHECKING:
    from ..reporting.comparison import Comparison
    from ..reporting.run import Run


def _formats(text: str) -> list[str]:
    from ..reporting.files import check_formats

    return check_formats(options.names(text))


Formats = Annotated[
    Sequence[str],
    Option(
        "What to write. The report: html, pdf, md, latex; its tables: csv, parquet; its figures: "
        "svg, png.",
        *(OUTPUT, "LIST"),
        flag="--format",
        read=_formats,
    ),
]


@command(api.evaluate, example="robustseg eval --model b0,b5 --data /data/cityscapes")
def evaluate(run: "Run", *, formats: Formats = ("html",)) -> None:
    """Evaluate models under a suite of corruptions or resolutions.

    Tables are shown here, the report is a file in the run's folder. The same command resumes an
    interrupted run.
    """
    _show(run, formats)
    if run.failures:
        raise typer.Exit(1)


@command(api.merge, example="robustseg merge results/*_shard-*")
def merge(run: "Run", *, formats: Formats = ("html",)) -> None:
    """Join the parts of a run that eval --shard made, and report the whole.

    Names the frames that are missing, if any; the same command adds their part.
    """
    _show(run, formats)
    if missing := run.missing_frames:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        say(f"missing: {len(missing)} of {len(run.spec.frames)} frames: {shown}")
    if missing or run.failures:
        raise typer.Exit(1)


@command(example="robustseg report results/b0 --format pdf")
def report(
    runs: options.Runs,
    *,
    formats: Formats = ("html",),
    out: Annotated[
        str | Path | None,
        Option(
            "Folder to write to; with several runs, to a subfolder for each.",
            *(OUTPUT, "DIR"),
            default="the run's own folder",
        ),
    ] = None,
) -> None:
    """Write the reports of stored runs again, without the models and the data."""
    names = [Path(run).resolve().name for run in runs]
    if out is not None and len(set(names)) < len(names):
        raise InputError(
            f"--out {out}: two of the runs have folders of the same name; make their reports apart"
        )
    from ..reporting.run import Run

    opened = [Run.open(run) for run in runs]
    for run, name in zip(opened, names, strict=True):
        _show(run, formats, None if out is None else Path(out, name if len(runs) > 1 else ""))


@command(api.compare_runs, example="robustseg compare results/b0 results/b5 --reference results/b0")
def compare(
    comparison: "Comparison", *, formats: Formats = ("html",), out: options.Out = None
) -> None:
    """Set the models of several runs side by side, without the models and the data.

    Runs of other images, labels, classes or severities are refused; other differences, such as
    input scales or versions, are named.
    """
    _show(comparison, formats, out)


def _show(
    result: "Run | Comparison", formats: Sequence[str], folder: str | Path | None = None
) -> None:
    from .output import show

    show(result, formats, folder)
