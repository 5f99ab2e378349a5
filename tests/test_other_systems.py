"""What differs on Windows and macOS, simulated."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd
import pytest

from robustbench_seg import cli, writing
from robustbench_seg.cli import console
from robustbench_seg.names import sorted_paths
from robustbench_seg.png import write_png
from robustbench_seg.reporting.files import csv_content
from robustbench_seg.runs.database import _address

WITHOUT = """
import os, signal, sys
for name in ("SIGHUP", "pthread_sigmask", "pthread_kill"):
    delattr(signal, name)
del os.sched_getaffinity
for name in ("resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
"""
"""A module that every process imports first: what Windows lacks is gone."""


def test_frames_have_the_same_order_where_paths_ignore_case() -> None:
    names = ["b/2.png", "B/1.png", "a/Z.png", "a/b.png", "a-b/1.png"]

    def ordered(kind: type[PurePath]) -> list[str]:
        return [path.as_posix() for path in sorted_paths(map(kind, names))]

    assert ordered(PureWindowsPath) == ordered(PurePosixPath)
    assert ordered(PurePosixPath) == list(map(str, sorted(map(PurePosixPath, names))))


def test_tables_have_the_same_bytes_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "linesep", "\r\n")
    assert csv_content(pd.DataFrame({"a": [1, 2]})) == b"a\n1\n2\n"


def test_a_run_opens_on_drives_and_servers() -> None:
    drive, server = PureWindowsPath("C:/a b#/run.sqlite"), PureWindowsPath("//nas/runs/run.sqlite")
    assert _address(drive) == "file:///C:/a%20b%23/run.sqlite"
    assert _address(server) == "file:////nas/runs/run.sqlite"  # //nas would be an authority
    assert _address(PurePosixPath("/a b/\udcff")) == "file:///a%20b/%FF"


def test_a_file_that_another_program_reads_is_replaced_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, refused = Path.replace, [True, True]

    def busy(self: Path, target: Path) -> Path:
        if refused and refused.pop():
            raise PermissionError(errno.EACCES, "is open", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(writing, "_PAUSES", (0, 0))
    writing.write_file(tmp_path / "a.txt", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    refused += [True] * 3
    with pytest.raises(PermissionError):
        writing.write_file(tmp_path / "a.txt", b"newer")
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_letters_that_an_encoding_lacks_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding="cp1252"))
    monkeypatch.setattr(sys, "argv", ["robustseg", "--version"])
    assert cli.run() == 0
    console.say("results/\u65e5\u672c, \u00fc")
    sys.stdout.flush()
    assert written.getvalue().endswith(b"results/\\u65e5\\u672c, \xfc" + os.linesep.encode())


def test_a_closed_pipe_of_windows_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(cli, "app", closed)
    monkeypatch.setattr(cli, "_output_closed", lambda: cli.BROKEN_PIPE)
    assert cli.run() == 2
    monkeypatch.setattr(sys, "platform", "win32")
    assert cli.run() == cli.BROKEN_PIPE


@pytest.mark.slow
def test_workers_start_without_what_windows_lacks(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT, encoding="utf-8")
    (tmp_path / "photos").mkdir()
    for number in range(2):
        write_png(tmp_path / "photos" / f"{number}.png", np.zeros((32, 64, 3), np.uint8))
    options = ("--corruptions", "contrast", "--severities", "1", "--workers", "2")
    done = subprocess.run(
        [sys.executable, "-m", "robustbench_seg", "corrupt", "photos", "out", *options],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("out/contrast/1/*.png"))) == 2
