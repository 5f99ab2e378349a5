"""Runs on a bad disk: no wrong content is read, and errors are one line."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.failure import Failure
from robustbench_seg.runs.store import Store
from tests.helpers.disks import largest_file, mount, small_disk
from tests.helpers.frames import write_tree
from tests.helpers.stored_runs import cells_of_spec, stored_spec, with_classes

FEW: dict[str, Any] = {"corruptions": ["contrast", "fog"], "severities": [1, 3], "batch": 1}
CELLS = 3 * 5


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 3, width=64, height=32)


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def with_failure(whole: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run with rows in every table."""
    folder = tmp_path_factory.mktemp("failed") / "run"
    shutil.copytree(whole.folder, folder)
    failure = Failure(Cell("b0@random", "fog", 3, whole.frames[-1]), "was bad")
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        chosen = "condition = 'fog' AND severity = 3 AND frame = ?"
        connection.execute(f"DELETE FROM cells WHERE {chosen}", [failure.cell.frame])
    with Store.create_or_resume(folder, whole.spec) as store:
        store.add({}, failures=[failure])
    return Run.open(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 48 KiB."""
    with small_disk(tmp_path / "disk", "48k") as folder:
        yield folder


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, **FEW, **options)


def equal_tables(left: Run, right: Run) -> None:
    for table in left.tables:
        pd.testing.assert_frame_equal(left.table(table), right.table(table), check_exact=True)


def contents(folder: Path) -> tuple[Any, ...]:
    """Return the whole content of a run."""
    with Store.open(folder) as store:
        matrices = {cell: matrix.tolist() for cell, matrix in store.matrices()}
        assert store.stored() == matrices.keys()
        return (store.spec, store.sessions(), matrices, store.pictures(), store.failures())


def one_line(error: pytest.ExceptionInfo[InputError]) -> None:
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_no_flipped_byte_changes_the_content_read(with_failure: Run, tmp_path: Path) -> None:
    expected = contents(with_failure.folder)
    content = (with_failure.folder / FILE).read_bytes()
    generator = random.Random(0)
    run = tmp_path / "run"
    run.mkdir()
    noticed = 0
    flips = range(0, len(content), 97)
    for place in flips:
        damaged = bytearray(content)
        damaged[place] ^= generator.randrange(1, 256)
        (run / FILE).write_bytes(damaged)
        try:
            found = contents(run)
        except InputError as error:
            message = str(error)
            noticed += 1
        else:
            message = FILE
            assert found == expected, place
        assert FILE in message
        assert message.isprintable()
    assert noticed > len(flips) / 4  # much of the rest is unused space


def test_a_lost_row_is_noticed(with_failure: Run, tmp_path: Path) -> None:
    content = (with_failure.folder / FILE).read_bytes()
    expected = contents(with_failure.folder)
    leaves = 0
    for start in range(4096, len(content), 4096):
        count = int.from_bytes(content[start + 3 : start + 5], "big")
        if content[start] not in (10, 13) or count == 0:  # leaf pages of tables and indices
            continue
        shorter = bytearray(content)
        shorter[start + 3 : start + 5] = (count - 1).to_bytes(2, "big")
        (tmp_path / FILE).write_bytes(shorter)
        with pytest.raises(InputError, match="damaged"):
            assert contents(tmp_path) != expected
        leaves += 1
    assert leaves > 3


def test_a_flipped_byte_is_noticed_before_a_run_resumes(whole: Run, tmp_path: Path) -> None:
    content = (whole.folder / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content.replace(b"contrast", b"contrasT", 1))
    with (
        pytest.raises(InputError, match="damaged"),
        Store.create_or_resume(tmp_path, whole.spec),
    ):
        pass


def test_a_truncated_file_is_noticed_at_any_length(whole: Run, tmp_path: Path) -> None:
    content = (whole.folder / FILE).read_bytes()
    run = tmp_path / "run"
    run.mkdir()
    for end in range(0, len(content), 4096):
        (run / FILE).write_bytes(content[:end])
        with pytest.raises(InputError, match="damaged" if end else "no run here yet") as error:
            contents(run)
        one_line(error)
        if end:
            with (
                pytest.raises(InputError, match="damaged"),
                Store.create_or_resume(run, whole.spec),
            ):
                pass
            assert (run / FILE).read_bytes() == content[:end]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("meta", "value"),
        ("sessions", "provenance"),
        ("pictures", "png"),
        ("pictures", "caption"),
        ("failures", "reason"),
        ("failures", "frame"),
        ("cells", "frame"),
    ],
)
def test_a_changed_row_is_refused(
    with_failure: Run, tmp_path: Path, table: str, column: str
) -> None:
    shutil.copyfile(with_failure.folder / FILE, tmp_path / FILE)
    where = "key = 'spec'" if table == "meta" else "TRUE"
    changed = "x'00'" if column == "png" else f"{column} || ' '"
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(f"UPDATE {table} SET {column} = {changed} WHERE {where}")
    with pytest.raises(InputError, match=r"damaged: the digest of .* is wrong") as error:
        contents(tmp_path)
    one_line(error)


@pytest.mark.slow
def test_committed_cells_survive_a_full_disk(tree: Path, whole: Run, disk: Path) -> None:
    with pytest.raises(InputError, match="the disk is full; make room") as error:
        evaluate(tree, disk / "run")
    one_line(error)
    assert mount("-o", "remount,size=4m", disk)
    with Store.open(disk / "run") as store:
        kept = len(store.stored())
    assert 0 < kept < CELLS
    equal_tables(evaluate(tree, disk / "run"), whole)


@pytest.mark.skipif(os.name == "nt", reason="needs limits on processes")
def test_committed_cells_survive_a_file_that_may_not_grow(whole: Run, tmp_path: Path) -> None:
    spec = with_classes(stored_spec(frames=12), 19)
    cells = cells_of_spec(spec)

    def store_all() -> None:
        with (
            Store.create_or_resume(tmp_path / "run", spec) as store,
            largest_file(80_000),
        ):
            for cell, matrix in cells.items():
                store.add({cell: (matrix,)})

    with pytest.raises(InputError, match="run the command again, which resumes") as error:
        store_all()
    one_line(error)
    with Store.open(tmp_path / "run") as store:
        found = dict(store.matrices())
    assert 0 < len(found) < len(cells)
    for cell, matrix in found.items():
        np.testing.assert_array_equal(matrix, cells[cell])


def test_a_read_only_disk_refuses_new_runs_and_reads_stored_ones(
    tree: Path, whole: Run, disk: Path
) -> None:
    assert mount("-o", "remount,size=4m", disk)
    shutil.copytree(whole.folder, disk / "run")
    assert mount("-o", "remount,ro", disk)
    for out in (disk / "run", disk / "new"):
        with pytest.raises(InputError, match="cannot be written") as error:
            evaluate(tree, out)
        one_line(error)
    equal_tables(Run.open(disk / "run"), whole)


@pytest.mark.parametrize("replaced", [False, True])
def test_deleting_the_folder_ends_the_run(tree: Path, tmp_path: Path, replaced: bool) -> None:
    out = tmp_path / "run"

    def delete(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done == 2:
            shutil.rmtree(out)
            if replaced:
                out.mkdir()
                (out / FILE).touch()

    with pytest.raises(InputError, match="was deleted or replaced while the run") as error:
        evaluate(tree, out, progress=delete)
    one_line(error)


@pytest.mark.slow
def test_a_second_process_may_read_but_not_write(tree: Path, whole: Run, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "robustbench_seg", "eval", "--model", "b0@random"),
        *("--data", str(tree), "--corruptions", "contrast,fog", "--severities", "1,3"),
        *("--batch", "1", "--threads", str(whole.spec.threads), "--out", str(tmp_path / "run")),
    ]
    seen: list[subprocess.CompletedProcess[str]] = []

    def start_another(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done == 7:
            seen.append(subprocess.run(command, capture_output=True, text=True))
            assert Run.open(tmp_path / "run").frames == Run.open(tmp_path / "run").frames[:1]

    run = evaluate(tree, tmp_path / "run", progress=start_another)
    (second,) = seen
    assert second.returncode == 2
    assert "in use by another process" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    equal_tables(run, whole)
