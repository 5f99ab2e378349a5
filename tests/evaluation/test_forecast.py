"""Forecasts of runs against runs, counts and measurements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.forecast import BYTES_PER_CELL
from robustbench_seg.inference.costs import costs
from robustbench_seg.runs.database import FILE


@pytest.mark.slow
def test_cells_and_bytes_are_those_of_the_run(tmp_path: Path) -> None:
    options: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 3], "draws": 2}
    found = robustbench_seg.forecast(limit=2, size=(256, 512), **options)
    run = robustbench_seg.evaluate("b0", data="streets", limit=2, out=tmp_path / "run", **options)
    cells = 2 * (1 + 2 * 2)  # fog is random
    assert found.cells == cells == len(run.sessions) * cells
    held = sum(1 for _ in _cells(run.folder))
    assert held == cells
    # For streets of 512x256; SQLite and the pictures come on top.
    packed = sum(len(blob) + 250 for blob in _cells(run.folder))
    assert 0.3 * found.store < packed < found.store
    assert found.store == cells * BYTES_PER_CELL


def _cells(folder: Path) -> list[bytes]:
    import sqlite3

    connection = sqlite3.connect(folder / FILE)
    try:
        return [row[0] for row in connection.execute("SELECT matrix FROM cells")]
    finally:
        connection.close()


@pytest.mark.slow
def test_multiply_adds_are_those_of_a_prediction_times_the_predictions() -> None:
    found = robustbench_seg.forecast(["b0", "espnet"], limit=500, size=(1024, 2048))
    assert (found.conditions, found.cells) == (81, 81_000)
    table = costs(["b0", "espnet"], (1024, 2048)).set_index("model")
    assert found.models["gflops"].to_dict() == pytest.approx(table["gflops_executed"].to_dict())
    total = 1e9 * table["gflops_executed"].sum() * 81 * 500
    assert found.flops == pytest.approx(total)
    assert found.seconds is None


@pytest.mark.slow
def test_a_resolution_suite_costs_the_mean_of_its_scales() -> None:
    suite, size = "resolution", (256, 512)
    found = robustbench_seg.forecast(suite=suite, limit=10, size=size, frames_per_second=[10.0])
    native = costs(["b0"], (256, 512))["gflops_executed"].item()
    assert found.models["gflops"].item() != pytest.approx(native)
    assert found.models["seconds"].item() == pytest.approx(
        0.1 * found.models["gflops"].item() / native
    )


def test_time_follows_from_the_given_rate() -> None:
    size = (256, 512)
    found = robustbench_seg.forecast(limit=500, size=size, workers=8, frames_per_second=[5.0])
    assert found.seconds == pytest.approx(81 * 500 / 5 / 8)
    for rates, timed in (([5.0, 1.0], False), ([0.0], False), ([5.0], True)):
        with pytest.raises(InputError, match="--frames-per-second: needs one number"):
            robustbench_seg.forecast(size=(64, 64), frames_per_second=rates, timed=timed)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
@pytest.mark.slow
def test_memory_is_that_of_a_process() -> None:
    size = (512, 1024)
    found = robustbench_seg.forecast("b2", limit=1, size=size, device="cpu", batch=1)
    code = f"""
import re
from dataclasses import replace
from pathlib import Path
import torch
from robustbench_seg.inference.costs import load_for_costs
network = load_for_costs("b2", 19, shapes_alone=False).network.eval()
def most(): return int(re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[0])
with torch.inference_mode():
    network(torch.zeros(1, 3, 64, 64))
    before = most()
    network(torch.zeros(1, 3, *{size}))
print((most() - before) * 1024 + sum(4 * p.numel() for p in network.parameters()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Convolutions allocate work space of their own.
    assert 0.6 < found.models["memory"].item() / int(done.stdout) < 1.3
