"""Functions in worker processes: errors, killed workers, and scripts without a guard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.processes import run_in_processes


def end_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def end_once(marker: Path) -> str:
    if marker.exists():
        return "done"
    marker.touch()
    os._exit(1)


def fail_at_seven(number: int) -> int:
    if number == 7:
        raise InputError("seven")
    return number


def test_an_item_that_kills_every_worker_is_a_one_line_error() -> None:
    done: list[int] = []
    with pytest.raises(InputError, match=r"3 workers in a row died over 7, .* fewer --workers"):
        done.extend(run_in_processes(end_at_seven, range(20), 2))


def test_the_item_of_a_killed_worker_is_done_by_another(tmp_path: Path) -> None:
    assert list(run_in_processes(end_once, [tmp_path / "a", tmp_path / "b"], 2)) == ["done"] * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_ends_the_work_and_keeps_finished_items(workers: int) -> None:
    done: list[int] = []
    with pytest.raises(InputError, match="seven"):
        done.extend(run_in_processes(fail_at_seven, range(200), workers))
    assert set(range(7)) <= set(done) < set(range(200))
    assert len(done) == len(set(done))


UNGUARDED = {
    "workers": "from robustbench_seg.processes import run_in_processes\n"
    "list(run_in_processes(abs, [1, 2], 2))",
    "evaluate": "import robustbench_seg\n"
    'robustbench_seg.evaluate("b0", limit=1, devices=["cpu", "cpu"], corruptions=["fog"])',
}


@pytest.mark.parametrize("kind", UNGUARDED)
def test_a_script_without_a_guard_is_a_one_line_error(kind: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED[kind])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    (message,) = [line for line in done.stderr.splitlines() if "InputError: " in line]
    assert message.endswith(
        "InputError: a script that starts worker processes is run by each of them: guard its code "
        'by if __name__ == "__main__":'
    )
