"""Check a stored run: its file, counts, frames, suite and tables, and some of its cells again.

The first checks need nothing but the run's folder. They find what was damaged, left out or edited
by somebody who did not recompute every digest. Pixels that were moved within a row of a confusion
matrix, with new digests, are found by predicting cells again alone: see `rerun`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..progress import Progress, silent
from ..protocol.suites import SUITES, CorruptionSuite, Suite, load_suite
from ..reading import MANIFESTS, read_text
from ..reporting.files import table_csv
from ..reporting.run import Run
from ..runs.database import FILE
from .finding import Finding, RunCheck
from .rerun import rerun

_ROUNDING = 1e-9
"""Largest difference of two scores that another order of additions explains."""


def check_run(
    folder: str | Path,
    cells: int,
    seed: int | None = None,
    given: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> RunCheck:
    """Run all checks of a run; those that need an intact file are left out where it is damaged.

    `cells` is the number of cells to predict again, `given` the options of `Request` that name the
    model and the data; embedded ones need none. Raises InputError where there is no run, and for
    options that do not fit.
    """
    try:
        run = Run.open(folder)
    except InputError as error:
        if not (Path(folder) / FILE).is_file():
            raise
        return RunCheck([Finding("file", "wrong", str(error))])
    return check_opened(run, cells, seed, given, progress)


def check_opened(
    run: Run,
    cells: int,
    seed: int | None = None,
    given: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> RunCheck:
    """Run the checks of a run that could be opened; see `check_run`."""
    found = [*_stored(run), _frames(run), _suite(run.spec.suite), _tables(run)]
    if any(each.status == "wrong" for each in found):
        return RunCheck(found)  # predicting again takes long, and the run is refused already
    return RunCheck([*found, *rerun(run, cells, seed, given or {}, progress)])


def _stored(run: Run) -> Iterator[Finding]:
    """Say what opening a run has checked."""
    frames, models = len(run.spec.frames), len(run.spec.models)
    yield Finding(
        "file", "verified", "the digests of the specification and of each stored row are right"
    )
    yield Finding(
        "counts",
        "verified",
        "each confusion matrix has the pixels of each class that the specification states for "
        f"its frame, under all {len(run.spec.conditions)} conditions ({models} x {frames} frames)",
    )


def _frames(run: Run) -> Finding:
    """Return whether all cells of all frames are there."""
    number = len(run.spec.frames)
    if run.failures:
        return Finding("frames", "wrong", f"{len(run.failures)} predictions failed")
    if not run.complete:
        missing = [frame.name for frame in run.spec.frames if frame.name not in set(run.frames)]
        what = (
            f"{len(missing)} of {number} are not finished" if missing else "a sample of the cells"
        )
        return Finding("frames", "wrong", f"{what}; only complete runs are ranked")
    return Finding("frames", "verified", f"all {number}, under all conditions")


def _suite(suite: Suite) -> Finding:
    """Compare the digest of a suite with that of the suite of its name in this version."""
    name = suite.name.removesuffix("-part")
    if name not in SUITES:
        return Finding("suite", "not checked", f"{suite.name} is not a suite of robustbench-seg")
    known = load_suite(name)
    if isinstance(known, CorruptionSuite) and isinstance(suite, CorruptionSuite):
        try:
            known = known.select(suite.corruptions, suite.severities)
        except InputError as error:
            return Finding("suite", "wrong", str(error))
    if suite.digest != known.digest or suite.name != known.name:
        what = f"differs from {known.name} of this version in what is run or counted"
        return Finding("suite", "wrong", f"digest {suite.digest[:16]}: {what}")
    return Finding("suite", "verified", f"{suite.name}, digest {suite.digest[:16]}")


def _tables(run: Run) -> Finding:
    """Compare the CSV files in the folder with the tables that the stored counts give."""
    paths = {name: run.folder / f"{name}.csv" for name in run.tables}
    there = {name: path for name, path in paths.items() if path.exists()}
    if not there:
        return Finding("tables", "verified", "no CSV file is there: scores come from the counts")
    for name, path in there.items():
        if not _same(path, table_csv(run.table(name)).decode()):
            what = f"{path.name} differs from the table that the stored counts give"
            return Finding("tables", "wrong", what)
    return Finding("tables", "verified", f"scored again from the counts: {', '.join(there)}")


def _same(path: Path, scored: str) -> bool:
    """Whether a CSV file has the cells of a text; numbers may be rounded otherwise."""
    try:
        texts = read_text(path, MANIFESTS), scored
        rows, expected = (list(csv.reader(text.splitlines())) for text in texts)
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    return [len(row) for row in rows] == [len(row) for row in expected] and all(
        one == other or _close(one, other)
        for one, other in zip(chain(*rows), chain(*expected), strict=True)
    )


def _close(one: str, other: str) -> bool:
    try:
        return math.isclose(float(one), float(other), rel_tol=0, abs_tol=_ROUNDING)
    except ValueError:
        return False
