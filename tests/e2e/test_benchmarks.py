"""Benchmarks of other machines run here too, at a small size."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.mark.slow
def test_the_gpu_benchmark_runs_on_a_cpu() -> None:
    command = [sys.executable, str(BENCHMARKS / "bench_gpu.py"), "--peak", "0.1"]
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=hidden)
    assert done.returncode == 0, done.stderr
    _, *lines = done.stdout.splitlines()
    for line, (window, precision) in zip(
        lines,
        [("slide", "float32"), ("slide", "bf16"), ("whole", "float32"), ("whole", "bf16")],
        strict=True,
    ):
        figures = (
            r"[\d.]+ frames/s, \d+% of the peak; with corruptions [\d.]+ frames/s, waiting \d+%"
        )
        assert re.fullmatch(rf"b0 128x64 {window} {precision}: {figures}", line)
