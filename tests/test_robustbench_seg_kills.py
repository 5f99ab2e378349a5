"""A run that is killed at any moment and resumed gives the tables of a whole one, to the byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_run_survives_25_kills(tmp_path: Path) -> None:
    script = Path(__file__).parent / "kills.py"
    command = [sys.executable, str(script), str(tmp_path), "--kills", "25", "--seed", "9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] == 25
    assert figures["kills of half-done runs"] > 2
