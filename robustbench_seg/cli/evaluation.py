"""`robustseg eval`, `merge`, `report`, `compare` and `erf`: results that have a report."""

# Annotations are not postponed: `parameters` reads them as objects.

from collections.abc import Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import api
from ..errors import InputError
from ..protocol import options, parsing
from ..protocol.options import OUTPUT
from ..protocol.parameters import Option
from .command import command
from .console import doing, give, say, show

if TYPE_CHECKING:
    from ..reporting.comparison import Comparison
    from ..reporting.receptive_fields import ReceptiveFields
    from ..reporting.run import Run


def _formats(text: str) -> list[str]:
    from ..reporting.files import check_formats

    return check_formats(parsing.names(text))


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
    if run.frames or run.failures:
        show(run, formats)
        give(run.report_tables)
    else:
        say("This part is too small for an estimate; robustseg merge joins the parts.")
    if run.failures:
        raise typer.Exit(1)


@command(api.merge, example="robustseg merge results/*_shard-*")
def merge(run: "Run", *, formats: Formats = ("html",)) -> None:
    """Join the parts of a run that eval --shard made, and report the whole.

    Names the frames that are missing, if any; the same command adds their part.
    """
    show(run, formats)
    give(run.report_tables)
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
    label: options.Label = None,
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
    with doing("reading runs"):
        from ..reporting.run import Run  # takes seconds
        from ..runs.run import relabelled

        opened = relabelled([Run.open(run) for run in runs], label)
    for run, name in zip(opened, names, strict=True):
        show(run, formats, None if out is None else Path(out, name if len(runs) > 1 else ""))
    give(
        lambda: {
            f"{name}/{table}" if len(runs) > 1 else table: rows
            for run, name in zip(opened, names, strict=True)
            for table, rows in run.report_tables().items()
        }
    )


@command(api.compare_runs, example="robustseg compare results/b0 results/b5 --reference results/b0")
def compare(
    comparison: "Comparison", *, formats: Formats = ("html",), out: options.Out = None
) -> None:
    """Set the models of several runs side by side, without the models and the data.

    Runs of other images, labels, classes or severities are refused; other differences, such as
    input scales or versions, are named.
    """
    show(comparison, formats, out)
    give(lambda: comparison.named_tables)


@wraps(api.effective_receptive_field)
def _measured(**given: Any) -> "ReceptiveFields":
    from ..folders import RESULTS, check_folder

    check_folder(RESULTS / "new", "")  # before the work, where it is the default
    return api.effective_receptive_field(**given)


@command(_measured, example="robustseg erf --model b0 --stage 3,4,head --condition clean,fog:3")
def erf(fields: "ReceptiveFields", *, formats: Formats = ("html", "csv")) -> None:
    """Measure effective receptive fields: how strongly a unit depends on each input pixel.

    Numbers are shown here; maps, figures and a report are written to the folder. Its maps hold the
    averaged gradient of each field (.npz) and every choice behind it (.json).
    """
    from ..reporting.receptive_fields import MAPS

    fields.save()
    show(fields, formats)
    say(f"maps: {fields.folder / MAPS}")
    give(fields.report_tables)
