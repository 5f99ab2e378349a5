"""A run killed at any moment and resumed has the tables of a whole one, byte for byte."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from robustbench_seg.runs.store import Store
from tests.helpers.paths import ROOT

COMMITS = """
import sys
from pathlib import Path
from robustbench_seg.runs.store import Picture, Store
from tests.helpers.stored_runs import cells_of_spec, noisy_png, stored_spec

spec = stored_spec(frames=2000, models=["b0"])
noise = noisy_png()
with Store.create_or_resume(Path(sys.argv[1]), spec) as store:
    begun = len(store.finished())
    print("ready", flush=True)
    for frame in spec.frames[begun:]:
        matrices = cells_of_spec(spec, [frame])
        store.add(matrices, [Picture(next(iter(matrices)), "input", noise)])
"""
"""Commit seven matrices and a picture of 200 kB of one frame after the other."""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_run_survives_25_kills(tmp_path: Path) -> None:
    options = (str(tmp_path), "--kills", "25", "--seed", "9")
    command = [sys.executable, "-m", "tests.helpers.kills", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] == 25
    assert figures["kills of half-done runs"] > 2


@pytest.mark.slow
def test_a_killed_commit_is_complete_or_absent(tmp_path: Path) -> None:
    generator = random.Random(1)
    before = 0
    for _ in range(20):
        command = [sys.executable, "-c", COMMITS, str(tmp_path / "run")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(generator.uniform(0, 0.05))
            process.kill()
        with Store.open(tmp_path / "run") as store:  # which rolls back an unfinished commit
            cells = Counter(cell.frame for cell, _ in store.matrices())
            pictures = store.pictures()
        assert set(cells.values()) <= {7}
        assert {picture.cell.frame for picture in pictures} == set(cells)
        assert len(cells) >= before
        before = len(cells)
    assert before > 20
