"""The paper kit of stored runs: figures, the suite table, sentences and references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import InputError
from ...folders import RESULTS, check_folder
from ...reports.paper import printed
from ...runs.run import StoredRun, relabelled
from ...writing import write_file
from ..citations import bibtex
from ..comparison import compare_runs
from ..comparison.description import ComparisonData
from . import figures, text

TABLE = "table.tex"
_SUFFIXES = ("pdf", "svg", "png")


def write_paper_kit(
    runs: Sequence[str | Path],
    out: str | Path | None,
    *,
    intervals: bool,
    labels: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write the files for a paper on these runs, and return their paths.

    Figures are named after their width in inches: "severity-3.25in.pdf". Raises InputError for runs
    that cannot be compared, and where a file cannot be written.
    """
    opened = relabelled([StoredRun.open(run) for run in runs], labels)
    comparison = compare_runs(opened).shown
    folder = RESULTS / f"paper_{comparison.slug}" if out is None else Path(out)
    check_folder(folder, TABLE)
    paths = []
    try:
        for name, content in _files(comparison, opened[0], intervals):
            write_file(folder / name, content, folder)
            paths.append(folder / name)
    except OSError as error:
        raise InputError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); name another folder"
        ) from error
    return paths


def _files(
    comparison: ComparisonData, first: StoredRun, intervals: bool
) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents, the table first: it marks the folder as one of this command."""
    spec = first.spec
    yield TABLE, text.suite_table(comparison, intervals=intervals).encode()
    widest = f"severity-{figures.WIDTHS[-1]}in.pdf"
    yield "figure.tex", text.figure(comparison, spec, widest).encode()
    yield "methods.tex", text.methods(comparison, spec).encode()
    yield "references.bib", bibtex(comparison.cited).encode()
    for draw in (figures.severity, figures.examples):
        for width in figures.WIDTHS:
            figure = draw(comparison, width)
            if figure is not None:
                for suffix in _SUFFIXES:
                    yield f"{draw.__name__}-{width}in.{suffix}", printed(figure, suffix)
