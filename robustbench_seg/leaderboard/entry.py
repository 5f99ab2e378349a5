"""The folder of a run as an entry of a leaderboard: its counts without example pictures."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..names import slug
from ..reporting.files import table_csv
from ..reporting.run import Run
from ..runs.store import Store
from ..writing import write_file
from .check import check_opened

SUMMARY = "summary.csv"
FOLDER = Path("leaderboard")
"""Folder of the entries in the repository."""


def add_entry(folder: str | Path, out: str | Path | None = None) -> Path:
    """Copy a run without its pictures, with its summary as a table, and return the folder.

    None: a folder in that of the dataset in `FOLDER`. Pictures are a third of a run of 100 street
    scenes. Raises InputError for a run that the check refuses, and where the folder holds other
    files.
    """
    run = Run.open(folder)
    if found := check_opened(run, cells=0).wrong:
        raise InputError(f"{run.folder}: refused: {found[0].check}: {found[0].found}")
    target = FOLDER / slug(run.spec.dataset) / run.spec.slug if out is None else Path(out)
    with Store.open(run.folder) as source, Store.create_or_resume(target, run.spec) as entry:
        for session in source.sessions()[len(entry.sessions()) :]:
            entry.add_session(session)
        for cells, stacks in source.stacks():
            entry.add(dict(zip(cells, zip(*stacks, strict=True), strict=True)))
    write_file(target / SUMMARY, table_csv(run.table("summary")), target)
    return target
