"""Damaged inputs of every kind: a sample of `nox -s fuzz`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="needs a clock that interrupts")
def test_damaged_inputs_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    from tests.helpers.fuzzing import GIGABYTES, SECONDS  # Unix only

    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.fuzzing", str(tmp_path), "--inputs", "150"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["inputs"] > 140
    assert figures["wrong"] == 0
    assert figures["slowest in seconds"] < SECONDS
    assert figures["peak memory in GiB"] < GIGABYTES
