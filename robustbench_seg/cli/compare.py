"""`robustseg compare`: models of several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="The folders of runs on the same images.")
    ],
    tables: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="LIST",
            help="Show published numbers as well, set apart: segformer-table5, stl-table4.",
            show_default=False,
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What CD, rCD and differences are told against: one of the models, the folder of "
            'a run of one model, or a model of Table 5, e.g. "DeepLabv3+ (ResNet-50)", which has '
            "no images to pair, so that differences are told against the first model. (default: "
            "the first model)",
            show_default=False,
        ),
    ] = None,
    formats: options.Formats = "html",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder to write to. (default: one in results/, named after the models)",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Set the models of several runs side by side: tables here, a report in files.

    It needs neither the models nor the data. Runs of other images, labels, classes or severities
    are refused; other differences, such as input scales or versions, are told.
    """
    chosen = options.names("--format", formats) or []
    with_tables = options.names("--with", tables) or []

    from ..folders import RESULTS
    from ..reporting.comparison import comparison_of, slug, tables_of, with_reference
    from ..reporting.references import check_tables
    from ..reporting.run import Run
    from ..runs.side_by_side import side_by_side
    from .files import check_formats, write_page
    from .output import print_comparison

    check_formats(chosen)
    check_tables(with_tables)
    stored, name = with_reference([Run.open(run) for run in runs], reference)
    found = side_by_side(stored)
    comparison = comparison_of(found, name, with_tables)
    print_comparison(comparison)
    folder = RESULTS / slug(found, name, with_tables) if out is None else out
    write_page(comparison, tables_of(comparison), folder, chosen)
