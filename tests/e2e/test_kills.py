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
import numpy as np
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.runs.store import Picture, Store

noise = np.random.default_rng()
with Store.create_or_resume(Path(sys.argv[1]), {"run": 1}) as store:
    begun = len(store.stored())
    print("ready", flush=True)
    for number in range(begun, 10**6, 10):
        cells = [Cell("b0", "fog", severity, f"{number}") for severity in range(10)]
        matrices = {cell: noise.integers(0, 10**6, (19, 19)) for cell in cells}
        store.add(matrices, [Picture(cells[0], "input", noise.bytes(200_000))])
"""
"""Commit ten matrices and a picture of one frame after the other."""


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
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(generator.uniform(0, 0.05))
            process.kill()
        with Store.open(tmp_path / "run") as store:  # which rolls back an unfinished commit
            cells = Counter(cell.frame for cell, _ in store.matrices())
            pictures = store.pictures()
        assert set(cells.values()) <= {10}
        assert {picture.cell.frame for picture in pictures} == set(cells)
        assert len(cells) >= before
        before = len(cells)
    assert before > 20
