"""`robustseg forecast`: what it prints."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from robustbench_seg.cli import app


@pytest.mark.slow
def test_it_prints_the_cost_and_measures() -> None:
    options = ["forecast", "--model", "b0", "--limit", "3", "--workers", "2", "--size", "128x64"]
    options += ["--corruptions", "fog", "--device", "cpu"]
    result = CliRunner().invoke(app, [*options, "--timed"])
    assert result.exit_code == 0, result.output
    assert "predictions: 18 (models x conditions x images: 1 x 6 x 3)" in result.stdout
    assert re.search(r"time: 0:00:\d\d .* with 2 workers, each as fast as this", result.stdout)
    assert re.search(r"corrupting an image takes \d+ ms of one core", result.stdout)
    result = CliRunner().invoke(app, options)
    assert "time: unknown; give --frames-per-second, or --timed here" in result.stdout
