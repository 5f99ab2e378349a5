"""Names of files, models and classes are printed as they are: `:car:` is no emoji."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from robustbench_seg.cli import console, progress, run
from tests.helpers.trees import write_folders

MODEL = """
import numpy as np
def make(): return lambda image: np.zeros(image.shape[:2], int)
"""
NAMES = ["a:car:b", "[bold]lane", "[/x]y", *map(str, range(16))]
CLASSES = "classes = [" + ", ".join(f"{{ name = '{name}' }}" for name in NAMES) + "]"


def test_tables_lines_and_notices_show_names_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = ":car: [bold]x[/bold]"
    console.print_table(name, ("model", name), [("b0", name)])
    console.say(name)
    console.notice(name)
    printed = capsys.readouterr()
    assert printed.out.count(name) == 4
    assert printed.err == f"{name}\n"


def test_progress_bars_show_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from rich.console import Console

    shown = StringIO()
    terminal = Console(file=shown, force_terminal=True, width=100, emoji=False)
    monkeypatch.setattr(console, "errors", terminal)
    with progress.progress_bars() as show:
        show("passes of a:car:b", 1, 2, "[red]c:car:d")
        show("passes of a:car:b", 2, 2, "[red]c:car:d")
    assert "passes of a:car:b" in shown.getvalue()
    assert "[red]c:car:d" in shown.getvalue()


def test_errors_show_names_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (("--data", "a:car:b"), ("--a:car:b",), ("--limit", ":car:")):
        monkeypatch.setattr("sys.argv", ["robustseg", "eval", *arguments])
        assert run() == 2
        assert arguments[-1] in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_shows_names_as_they_are(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a:car:b",))
    (tmp_path / "car.py").write_text(MODEL)
    (tmp_path / "classes.toml").write_text(CLASSES)
    data = ("--images", str(images), "--labels", str(labels), "--classes", "classes.toml")
    made = ("--model", "python:car.py:make", "--corruptions", "contrast", "--severities", "1")
    done = subprocess.run(
        [sys.executable, "-m", "robustbench_seg", "eval", *data, *made, "--out", "run:car:"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\N{AUTOMOBILE}" not in done.stdout
    assert "python:car:make" in done.stdout
    assert "a:car:b" in done.stdout
    assert "run: run:car:\n" in done.stdout
    assert "report: run:car:/report.html\n" in done.stdout


def test_work_is_shown_before_it_is_done_also_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = StringIO()
    for name in ("console", "errors"):
        monkeypatch.setattr(console, name, Console(file=file, emoji=False))
    with console.doing("making the report"):
        assert file.getvalue() == "making the report\n"
    assert file.getvalue() == "making the report\n"
