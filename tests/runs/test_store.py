"""The store of a run: what it keeps, what it refuses, what it notices."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.datasets.class_maps import ClassMapSpec
from robustbench_seg.errors import InputError
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.pictures import Picture
from robustbench_seg.runs.store import Store
from tests.helpers.paths import GOLDEN
from tests.helpers.stored_runs import as_counts, cells_of_spec, small_png, stored_spec, with_classes

SPEC = stored_spec(models=["b0"])
CELLS = cells_of_spec(SPEC)


def test_cells_come_back(tmp_path: Path) -> None:
    picture = Picture(next(iter(CELLS)), "input", small_png())
    with Store.create_or_resume(tmp_path / "run", SPEC) as store:
        store.add(as_counts(CELLS), [picture])
        store.add_session({"machine": {"cores": "2"}})
    with Store.open(tmp_path / "run") as store:
        assert store.spec == SPEC
        assert store.stored() == set(CELLS)
        assert store.pictures() == [picture]
        assert store.sessions() == [{"machine": {"cores": "2"}}]
        found = dict(store.matrices())
    assert found.keys() == CELLS.keys()
    for cell, matrix in CELLS.items():
        np.testing.assert_array_equal(found[cell], matrix)


@pytest.mark.parametrize("classes", [1, 150, 255])
@pytest.mark.parametrize("mapped", [False, True])
def test_draws_and_predictions_of_no_class_come_back(
    classes: int, mapped: bool, tmp_path: Path
) -> None:
    names = ("a", "b")
    class_map = ClassMapSpec("map", "0", "wrong", "predictions", names, (), names[1:])
    spec = with_classes(replace(SPEC, draws=2, class_map=class_map if mapped else None), classes)
    cells = cells_of_spec(spec)
    assert {matrix.shape for matrix in cells.values()} == {(classes, classes + mapped)}
    assert {cell.draw for cell in cells} == {0, 1}
    with Store.create_or_resume(tmp_path / "run", spec) as store:
        store.add(as_counts(cells))
        assert store.stored() == set(cells)
        for cell, matrix in store.matrices():
            np.testing.assert_array_equal(matrix, cells[cell])


def test_adding_twice_counts_once(tmp_path: Path) -> None:
    with Store.create_or_resume(tmp_path / "run", SPEC) as store:
        store.add(as_counts(CELLS))
        store.add(as_counts(CELLS))
        assert len(list(store.matrices())) == len(CELLS)


def test_another_specification_is_refused_with_what_differs(tmp_path: Path) -> None:
    with Store.create_or_resume(tmp_path / "run", SPEC):
        pass
    with Store.create_or_resume(tmp_path / "run", SPEC):
        pass
    with (
        pytest.raises(InputError, match=r"differs in models \(1, 2 of them\), seed \(0, 1\);"),
        Store.create_or_resume(tmp_path / "run", replace(stored_spec(), seed=1)),
    ):
        pass


def test_unusable_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / FILE).write_text("no database " * 100)
    cases = {"file": "cannot be written", "full": "other files", "broken": "not a run, or damaged"}
    for name, words in cases.items():
        with (
            pytest.raises(InputError, match=words),
            Store.create_or_resume(tmp_path / name, SPEC),
        ):
            pass
    with pytest.raises(InputError, match="no run here"), Store.open(tmp_path / "absent"):
        pass
    with (
        pytest.raises(InputError, match="not a run, or damaged"),
        Store.open(tmp_path / "broken"),
    ):
        pass


@pytest.mark.parametrize("column", ["matrix", "digest", "severity"])
def test_a_damaged_cell_is_noticed(tmp_path: Path, column: str) -> None:
    with Store.create_or_resume(tmp_path / "run", SPEC) as store:
        store.add(as_counts(CELLS))
    with sqlite3.connect(tmp_path / "run" / FILE) as connection:
        value = 5 if column == "severity" else b"x" * 20
        connection.execute(
            f"UPDATE cells SET {column} = ? WHERE frame = 'frame_0' AND severity = 1", (value,)
        )
    connection.close()
    with pytest.raises(InputError, match="damaged"), Store.open(tmp_path / "run") as store:
        list(store.matrices())


def test_a_run_of_another_format_is_refused(tmp_path: Path) -> None:
    with Store.create_or_resume(tmp_path / "run", SPEC):
        pass
    with sqlite3.connect(tmp_path / "run" / FILE) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    connection.close()
    with pytest.raises(InputError, match="another version"), Store.open(tmp_path / "run"):
        pass


def test_a_run_of_format_4_is_read_and_resumed(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "runs-0.1.0" / "draws", tmp_path / "run")
    with Store.open(tmp_path / "run") as store:
        spec, cells = store.spec, dict(store.counts())
    with closing(sqlite3.connect(tmp_path / "run" / FILE)) as connection, connection:
        old = connection.execute("SELECT sum(length(matrix)) FROM cells").fetchone()
        connection.execute("DELETE FROM cells WHERE condition != 'clean'")
    for _ in range(2):
        with Store.create_or_resume(tmp_path / "run", spec) as store:
            missing = cells.keys() - store.stored()
            store.add({cell: cells[cell] for cell in missing})
            found = dict(store.counts())
        assert found.keys() == cells.keys()
        for cell, counts in cells.items():
            np.testing.assert_array_equal(found[cell], counts)
    with closing(sqlite3.connect(tmp_path / "run" / FILE)) as connection:
        version = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        assert version == ("5",)
        assert connection.execute("SELECT sum(length(matrix)) FROM cells").fetchone() < old
