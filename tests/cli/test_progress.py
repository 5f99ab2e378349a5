"""Progress in terminals of any width and elsewhere, and commands that are stopped by signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from robustbench_seg.cli import console, progress
from robustbench_seg.errors import InputError
from robustbench_seg.progress import STARTING
from robustbench_seg.runs.store import Store
from tests.helpers.frames import write_tree

NOTE = "SegFormer-B0 clean 62.2 corrupted 41.3; DeepLabv3+ MobileNetV2 clean 52.5 corrupted 24.1"


def shown(monkeypatch: pytest.MonkeyPatch, width: int, *, terminal: bool) -> str:
    """Return what is printed about a run of two models that goes on at step 358."""
    file = StringIO()
    output = Console(file=file, force_terminal=terminal, width=width, emoji=False)
    monkeypatch.setattr(console, "errors", output)
    if not terminal:
        monkeypatch.setattr(console, "console", output)
    monkeypatch.setattr(progress, "INTERVAL", 0.1)
    with progress.progress_bars() as show:
        assert STARTING in file.getvalue()
        show("evaluating", 358, 648, "")
        time.sleep(0.05)
        show("evaluating", 359, 648, NOTE)
        time.sleep(0.2)
    return file.getvalue()


@pytest.mark.parametrize(
    ("width", "models"), [(60, ()), (80, ("SegFormer",)), (160, ("SegFormer", "DeepLab"))]
)
def test_bar_count_and_eta_are_shown_at_any_width_and_scores_where_they_fit(
    monkeypatch: pytest.MonkeyPatch, width: int, models: tuple[str, ...]
) -> None:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(monkeypatch, width, terminal=True))
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if "359/648" in line]
    assert lines
    assert all(re.match(r"evaluating [\u2501\u257a\u2578 ]+ 359/648 ETA 0:0", e) for e in lines)
    assert all(len(line) <= width for line in lines)
    found = tuple(name for name in ("SegFormer", "DeepLab") if name in lines[-1])
    assert found == models


def test_without_a_terminal_lines_are_repeated_and_have_no_escapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = shown(monkeypatch, 80, terminal=False).splitlines()
    assert lines[:2] == ["starting", "evaluating: 358 of 648, ETA -:--:--"]
    assert re.fullmatch(rf"evaluating: 359 of 648, ETA 0:00:\d\d, {re.escape(NOTE)}", lines[-1])
    assert not any("\x1b" in line for line in lines)


def stored(folder: Path) -> int:
    """Return the number of stored cells of a run that may not have begun."""
    try:
        with Store.open(folder) as store:
            return len(store.stored())
    except InputError:
        return 0


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_a_run_cleanly_and_the_same_command_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    tree, out = write_tree(tmp_path / "tree", 5), tmp_path / "run"
    command = [
        *(sys.executable, "-m", "robustbench_seg", "eval", "--model", "b0@random"),
        *("--data", str(tree), "--out", str(out), "--runtime", "torch", "--batch", "1"),
        *("--corruptions", "fog,contrast", "--severities", "1-2", "--format", "csv"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)
    deadline = time.monotonic() + 120
    while not stored(out) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"Stopped. What is done is kept in {out}; the same command goes on." in printed
    assert "Traceback" not in errors
    kept = stored(out)
    again = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert f"going on at {kept} of 25\n" in again.stdout
    assert stored(out) == 25


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_a_finalizer_is_not_lost(number: signal.Signals) -> None:
    # Python ignores what a finalizer raises, as it does in callbacks of weak references.
    program = f"""
import os, signal, time
import robustbench_seg.cli
from robustbench_seg.__main__ import main

signal.signal(signal.SIGINT, signal.default_int_handler)

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), {int(number)})
        sum(range(1000))

def run():
    Finalized()
    time.sleep(30)
    return 0

robustbench_seg.cli.run = run
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "")
