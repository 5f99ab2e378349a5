"""A run killed at any moment and resumed has the tables of a whole one, byte for byte."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from robustbench_seg.runs.store import Store
from tests.helpers.paths import ROOT

COMMITS = """
import os, sys
from pathlib import Path
from robustbench_seg.runs.pictures import Picture
from robustbench_seg.runs.store import Store
from tests.helpers.stored_runs import as_counts, cells_of_spec, noisy_png, stored_spec

spec = stored_spec(frames=2000, models=["b0"])
noise = noisy_png()
for _ in sys.stdin:
    if child := os.fork():
        os.waitpid(child, 0)
        print("ended", flush=True)
        continue
    with Store.create_or_resume(Path(sys.argv[1]), spec) as store:
        begun = len(store.finished())
        print(os.getpid(), flush=True)
        for frame in spec.frames[begun:]:
            matrices = cells_of_spec(spec, [frame])
            store.add(as_counts(matrices), [Picture(next(iter(matrices)), "input", noise)])
"""
"""For each line read, commit seven matrices and a picture of 200 kB of one frame after the other,
in a process of its own, whose ID is written."""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_run_survives_25_kills(tmp_path: Path) -> None:
    options = (str(tmp_path), "--kills", "25", "--seed", "9", "--sample")
    command = [sys.executable, "-m", "tests.helpers.kills", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] == 25
    assert figures["kills of half-done runs"] > 2


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_killed_commit_is_complete_or_absent(tmp_path: Path) -> None:
    generator = random.Random(1)
    before = 0
    command = [sys.executable, "-c", COMMITS, str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(20):
            process.stdin.write("\n")
            committing = int(process.stdout.readline())
            time.sleep(generator.uniform(0, 0.05))
            os.kill(committing, signal.SIGKILL)
            assert process.stdout.readline() == "ended\n"
            with Store.open(tmp_path / "run") as store:  # which rolls back an unfinished commit
                cells = Counter(cell.frame for cell, _ in store.matrices())
                pictures = store.pictures()
            assert set(cells.values()) <= {7}
            assert {picture.cell.frame for picture in pictures} == set(cells)
            assert len(cells) >= before
            before = len(cells)
        process.stdin.close()
    assert before > 20
