"""Runs stored by version 0.1.0 open, report, merge and resume to the same scores.

`tests/golden/runs-0.1.0` holds them, with the tables that version 0.1.0 wrote. It gave intervals
and p-values over two and three images; these are left out, and the tables that it did not have.
"""

from __future__ import annotations

import csv
import re
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from robustbench_seg.cli import app
from robustbench_seg.inference.provenance import provenance
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.store import Store
from robustbench_seg.versions import EVALUATING, versions
from tests.helpers.cells import cells_of
from tests.helpers.paths import GOLDEN

RUNS = GOLDEN / "runs-0.1.0"
NEW = {"confusions.csv", "worst.csv", "half_retention.csv"}
"""Tables that version 0.1.0 did not have."""
NEW_COLUMNS = {"category", "counted", "unit"}
"""Columns of tidy.csv that version 0.1.0 did not have."""
UNCERTAINTY = re.compile("(.+_)?(low|high)|p|p_holm|n_units")


def robustseg(*arguments: str | Path) -> None:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output


def tables_of(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each old table, without intervals, p-values and their number of units."""
    found = {}
    for path in (path for path in folder.glob("*.csv") if path.name not in NEW):
        new = NEW_COLUMNS if path.name == "tidy.csv" else set()
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name] = [
                {
                    name: text
                    for name, text in row.items()
                    if not UNCERTAINTY.fullmatch(name) and name not in new
                }
                for row in csv.DictReader(file)
            ]
    return found


def copied(run: str, folder: Path) -> Path:
    """Copy a golden run, which opening for writing would change."""
    folder.mkdir(parents=True)
    shutil.copy(RUNS / run / FILE, folder)
    return folder


def cut(folder: Path) -> int:
    """Delete the cells of the last frame in two conditions, with their pictures."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        names = connection.execute("SELECT DISTINCT condition FROM cells ORDER BY condition")
        first, *_, last = (name for (name,) in names)
        chosen = "condition IN (?, ?) AND frame = (SELECT max(frame) FROM cells)"
        deleted = connection.execute(f"DELETE FROM cells WHERE {chosen}", (first, last)).rowcount
        connection.execute(f"DELETE FROM pictures WHERE {chosen}", (first, last))
        connection.commit()
    return deleted


@pytest.mark.parametrize("run", ["resolution", "draws"])
def test_the_tables_of_a_stored_run_are_the_same(run: str, tmp_path: Path) -> None:
    robustseg("report", copied(run, tmp_path / run), "--format", "csv", "--out", tmp_path / "out")
    assert tables_of(tmp_path / "out") == tables_of(RUNS / run)


@pytest.mark.slow
def test_stored_shards_merge_to_the_same_tables_and_comparison(tmp_path: Path) -> None:
    shards = [copied(shard, tmp_path / shard) for shard in ("shard-1", "shard-2")]
    robustseg("merge", *shards, "--out", tmp_path / "whole", "--format", "csv")
    assert tables_of(tmp_path / "whole") == tables_of(RUNS / "corruptions")
    robustseg("compare", tmp_path / "whole", "--format", "csv", "--out", tmp_path / "compare")
    compared = tables_of(tmp_path / "compare")
    del compared["settings.csv"]  # words, which change
    assert compared == tables_of(RUNS / "compare")


@pytest.mark.slow
@pytest.mark.parametrize("run", ["resolution", "draws", "shard-2"])
def test_a_stored_run_resumes_to_the_same_cells(run: str, tmp_path: Path) -> None:
    folder = copied(run, tmp_path / run)
    with Store.open(folder) as store:
        spec, (session,) = store.spec, store.sessions()
    changed = sorted(dict(spec.versions.items() ^ versions(EVALUATING).items()))
    if changed:
        pytest.skip(f"stored with other versions of {', '.join(changed)}")
    if provenance("cpu")["machine"]["processor"] != session["machine"]["processor"]:
        pytest.skip("stored on another processor, whose float32 sums may round otherwise")
    expected = cells_of(folder)
    assert cut(folder) > 0
    assert len(cells_of(folder)) < len(expected)
    command = shlex.split(session["session"]["command"])[1:]
    command[command.index("--out") + 1] = str(folder)
    robustseg(*command, "--device", "cpu")  # on a machine with a GPU, that is the default
    assert cells_of(folder) == expected
    if run != "shard-2":
        assert tables_of(folder) == tables_of(RUNS / run)
