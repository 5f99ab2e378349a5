"""Pools of worker processes: errors, and workers that are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.processes import ProcessPool


def end_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def fail_at_seven(number: int) -> int:
    if number == 7:
        raise InputError("seven")
    return number


def test_a_killed_worker_is_a_one_line_error() -> None:
    done: list[int] = []
    with pytest.raises(InputError, match="a worker process was killed"), ProcessPool.of(2) as pool:
        pool.run(end_at_seven, range(20), done.append)


def test_an_error_in_a_worker_ends_the_work_and_keeps_finished_items() -> None:
    done: list[int] = []
    with pytest.raises(InputError, match="seven"), ProcessPool.of(2) as pool:
        pool.run(fail_at_seven, range(200), done.append)
    assert set(range(7)) <= set(done) < set(range(200))
    assert len(done) == len(set(done))


def test_a_script_without_a_guard_is_a_one_line_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from robustbench_seg.errors import InputError\n"
        "from robustbench_seg.processes import ProcessPool\n"
        "try:\n"
        "    with ProcessPool.of(2):\n"
        "        pass\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("worker processes do not start (worker 0: its process ended")
    assert done.stdout.count("\n") == 1
