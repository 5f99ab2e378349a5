"""Disks that fill up or go bad in the middle of a command: one line, nothing lost."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import robustbench_seg
from robustbench_seg import corrupt_folder, writing
from robustbench_seg.copies.corrupted_copy import CorruptedCopy
from robustbench_seg.errors import InputError
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.store import Store
from tests.e2e.hostile import WHOLE
from tests.helpers.copied import contents
from tests.helpers.disks import failing_disk, mount, small_disk
from tests.helpers.frames import write_tree

FEW: dict[str, Any] = {"corruptions": ["contrast", "brightness"], "severities": [1, 3]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree") / "tree", 3, width=64, height=32)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 4 MiB."""
    with small_disk(tmp_path / "disk", "4m") as folder:
        yield folder


def corrupt(tree: Path, out: Path, **options: Any) -> CorruptedCopy:
    return corrupt_folder(tree, out, **FEW, **options)


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, batch=1, **FEW, **options)


@pytest.mark.parametrize("kib", [12, 40, 64] if WHOLE else [40])
def test_a_copy_on_a_full_disk_is_completed_later(
    kib: int, tree: Path, tmp_path: Path, disk: Path
) -> None:
    corrupt(tree, tmp_path / "whole")
    assert mount("-o", f"remount,size={kib}k", disk)
    with pytest.raises(InputError, match="No space left on device") as error:
        corrupt(tree, disk / "copy")
    assert "\n" not in str(error.value)
    assert not list(disk.rglob("*.partial"))
    assert mount("-o", "remount,size=4m", disk)
    corrupt(tree, disk / "copy")
    assert contents(disk / "copy") == contents(tmp_path / "whole")


def test_a_copy_on_a_disk_that_becomes_read_only_is_completed_later(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrupt(tree, tmp_path / "whole")
    opened: list[Path] = []
    really = os.open

    # A file system with open files cannot be remounted.
    def fail(path: Path, flags: int, mode: int = 0o777) -> int:
        opened.extend([path] * str(path).endswith(writing.PARTIAL))
        if len(opened) > 5 and flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return really(path, flags, mode)

    with monkeypatch.context() as context:
        context.setattr(os, "open", fail)
        with pytest.raises(InputError, match="Read-only file system"):
            corrupt(tree, tmp_path / "copy")
    corrupt(tree, tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["html", "csv", "parquet", "svg"] if WHOLE else ["html"])
def test_a_report_on_a_full_disk_keeps_the_older_one(form: str, tree: Path, disk: Path) -> None:
    run = evaluate(tree, disk / "run")
    run.write(form)
    before = {path: path.read_bytes() for path in (disk / "run").rglob("*") if path.is_file()}
    (disk / "other").write_bytes(bytes(shutil.disk_usage(disk).free - 4096))
    with pytest.raises(InputError, match="No space left on device"):
        run.write(form)
    assert before == {p: p.read_bytes() for p in (disk / "run").rglob("*") if p.is_file()}


@pytest.mark.slow
def test_a_run_on_a_disk_that_becomes_read_only_is_completed_later(
    tree: Path, tmp_path: Path
) -> None:
    whole = evaluate(tree, tmp_path / "whole")
    with failing_disk(tmp_path) as disk:
        out = disk.folder / "run"

        def fail(stage: str, done: int, total: int, note: str) -> None:
            if stage == "evaluating" and done == 4:
                disk.fail()

        with pytest.raises(InputError, match=f"--out {out}: ") as error:
            evaluate(tree, out, progress=fail)
        assert "\n" not in str(error.value)
        assert re.search("cannot be (written|used)", str(error.value))
        with pytest.raises(OSError, match="Read-only"):
            (out / "other").touch()
        with Store.open(out) as store:
            assert len(store.stored()) == 4
        disk.unmount()
        assert disk.mount()
        with Store.open(out) as store:
            assert len(store.stored()) == 4
        run = evaluate(tree, out)
        for table in whole.tables:
            pd.testing.assert_frame_equal(run.table(table), whole.table(table), check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["html", "csv"] if WHOLE else ["html"])
def test_a_report_on_a_disk_that_becomes_read_only_is_one_line(
    form: str, tree: Path, tmp_path: Path
) -> None:
    with failing_disk(tmp_path) as disk:
        run = evaluate(tree, disk.folder / "run")
        disk.fail()
        with pytest.raises(InputError, match="Read-only file system") as error:
            run.write(form)
        assert "\n" not in str(error.value)
