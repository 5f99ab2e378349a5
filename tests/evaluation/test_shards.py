"""Runs that are divided among jobs and joined: the tables of a run that never was."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import robustbench_seg
from robustbench_seg.api import merge
from robustbench_seg.cli import app
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.request import Shard
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.store import Store
from tests.helpers.cells import cells_of
from tests.helpers.frames import name, write_tree

FEW: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 3]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 5)


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, **{**FEW, **options})


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def parts(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("parts")
    for number in (1, 2):
        evaluate(tree, root / str(number), shard=f"{number}/2")
    return [root / "1", root / "2"]


@pytest.mark.parametrize(("count", "of"), [(5, 1), (5, 2), (5, 5), (500, 8), (7, 3)])
def test_each_frame_is_in_one_shard_and_shards_are_alike(count: int, of: int) -> None:
    shards = [Shard.read(f"{number}/{of}").frames(count) for number in range(1, of + 1)]
    assert sorted(frame for shard in shards for frame in shard) == list(range(count))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/0", "half", "1/2/3", "-1/2", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="write the part and the number of parts"):
        Shard.read(text)


@pytest.mark.slow
def test_a_merged_run_has_the_tables_of_a_whole_one(
    whole: Run, parts: list[Path], tmp_path: Path
) -> None:
    assert Run.open(parts[1]).frames == (name(1), name(3))
    merged = merge(parts, tmp_path / "merged")
    assert merged.complete
    assert merged.missing_frames == ()
    assert merged.tables == whole.tables
    for table in whole.tables:
        assert merged.table(table).to_csv() == whole.table(table).to_csv()
    assert merged.pictures == whole.pictures
    assert cells_of(merged.folder) == cells_of(whole.folder)
    shards = [session["division"]["shard"] for session in merged.sessions]
    assert shards == ["1/2", "2/2"]


def test_parts_may_come_later_and_twice(whole: Run, parts: list[Path], tmp_path: Path) -> None:
    half = merge(parts[:1], tmp_path / "merged")
    assert half.missing_frames == (name(1), name(3))
    merged = merge([*parts, whole.folder, parts[0]], tmp_path / "merged")
    assert cells_of(merged.folder) == cells_of(whole.folder)
    assert len(merged.sessions) == 3


def test_parts_of_other_runs_are_refused(tree: Path, parts: list[Path], tmp_path: Path) -> None:
    other = evaluate(tree, tmp_path / "other", seed=3, limit=4, shard="1/4").folder
    with pytest.raises(InputError, match=r"differ in frames \(5, 4 of them\), seed \(0, 3\)"):
        merge([parts[0], other], tmp_path / "merged")
    with pytest.raises(InputError, match="no run here"):
        merge([parts[0], tmp_path / "nothing"], tmp_path / "merged")
    with pytest.raises(InputError, match="is one of the parts"):
        merge(parts, parts[0])
    assert not (tmp_path / "merged").exists()


def test_contradictory_parts_are_refused(parts: list[Path], tmp_path: Path) -> None:
    other = Path(shutil.copytree(parts[0], tmp_path / "other"))
    with Store.open(other) as store:
        spec = store.spec
        cell, (matrix, *others) = next(store.counts())
    with Store.create_or_resume(other, spec) as store:
        store.add({cell: (np.roll(matrix, 1, axis=1), *others)})
    with pytest.raises(
        InputError, match=f"contradicts .* in the counts of b0@random on {cell.frame} under "
    ):
        merge([*parts, other], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    merge(parts, tmp_path / "merged")
    with pytest.raises(InputError, match="contradicts"):
        merge([other], tmp_path / "merged")


def test_a_shard_without_frames_is_refused(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--shard 6/9: there are only 5 frames"):
        evaluate(tree, tmp_path / "run", shard="6/9")


@pytest.mark.slow
def test_the_command_says_what_is_missing(
    tree: Path, parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cut = Path(shutil.copytree(parts[1], tmp_path / "cut"))
    with sqlite3.connect(cut / "run.sqlite") as connection:
        connection.execute("DELETE FROM cells WHERE frame = ? AND severity = 3", (name(3),))
    connection.close()
    options = ["merge", str(parts[0]), str(cut), "--format", "csv"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 1
    assert f"missing: 1 of 5 frames: {name(3)}" in result.stdout
    (folder,) = (tmp_path / "results").iterdir()
    result = CliRunner().invoke(app, [*options[:2], str(parts[1]), *options[3:]])
    assert result.exit_code == 0
    assert "missing" not in result.stdout
    (again,) = (tmp_path / "results").iterdir()
    assert again == folder
    assert (folder / "summary.csv").is_file()


def test_a_shard_has_a_folder_of_its_own(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = robustbench_seg.evaluate("b0@random", data=str(tree), shard="2/5", **FEW)
    assert run.folder == Path("results") / f"{run.spec.slug}_shard-2-of-5"
