"""Functions in worker processes: errors, killed workers, and scripts without a guard."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from robustbench_seg import worker_pool
from robustbench_seg.errors import InputError
from robustbench_seg.processes import WorkerProcess, report_progress, run_in_processes
from robustbench_seg.worker_pool import run_on_workers


def end_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def end_once(marker: Path) -> str:
    if marker.exists():
        return "done"
    marker.touch()
    os._exit(1)


def kill_once(marker: Path) -> str:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def fail_at_seven(number: int) -> int:
    if number == 7:
        raise InputError("seven")
    return number


def test_an_item_that_kills_every_worker_is_a_one_line_error() -> None:
    done: list[int] = []
    with pytest.raises(InputError, match=r"3 workers in a row died over 7 \(.* fewer --workers"):
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


def stop_once(marker: Path) -> str:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return "done"


def tell_and_wait(seconds: float) -> str:
    for _ in range(10):
        time.sleep(seconds / 10)
        report_progress()
    return "done"


def named(function: Any, items: list[Any], timeout: float) -> list[str]:
    workers = [WorkerProcess(partial(itself, function), f"worker {n}") for n in range(2)]
    return list(run_on_workers(workers, items, timeout=timeout))


def itself(function: Any) -> Any:
    return function


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_the_item_of_a_stopped_worker_is_done_once_by_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert named(stop_once, [tmp_path / "a", tmp_path / "b"], timeout=1.5) == ["done"] * 2
    assert "it is stopped, and another worker gets its work" in caplog.text


@pytest.mark.slow
def test_a_worker_that_tells_of_its_progress_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    assert named(tell_and_wait, [4.0, 0.1], timeout=2) == ["done"] * 2
    assert not caplog.messages


@pytest.mark.posix
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_the_line_on_a_killed_worker_names_it_and_its_item_and_suspects_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(run_in_processes(kill_once, [tmp_path / "a", tmp_path / "b"], 2)) == ["done"] * 2
    assert len(caplog.messages) == 2
    assert {re.sub(r"worker \d", "worker N", line) for line in caplog.messages} == {
        f"worker N: died over {tmp_path / name} (its process was killed, perhaps by the system for "
        "lack of memory); another worker gets its work"
        for name in "ab"
    }


def sleep_at_first_start(marker: Path) -> Any:
    if not marker.exists():
        marker.touch()
        time.sleep(600)
    return abs


@pytest.mark.slow
def test_a_process_that_is_stuck_at_its_start_is_stopped_and_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "NOTICE", 3)
    workers = [WorkerProcess(partial(sleep_at_first_start, tmp_path / "marker"), "worker 0")]
    assert list(run_on_workers(workers, [-1, -2], timeout=3)) == [1, 2]
    assert "over its start; it is stopped, and another is started" in caplog.text


BLOCKED = """
import signal
from robustbench_seg.processes import WorkerProcess

def blocked():
    found = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return lambda number: number in found

if __name__ == "__main__":
    worker = WorkerProcess(blocked, "worker 0")
    worker.start()
    worker.begin()
    print(worker.do(signal.SIGINT), worker.do(signal.SIGTERM))
    worker.stop()
"""


@pytest.mark.posix
def test_a_first_worker_gets_no_interrupt(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(BLOCKED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True)
    # A worker unblocks SIGTERM, by which multiprocessing ends it.
    assert done.stdout.split() == [b"True", b"False"], done.stderr


UNGUARDED = {
    "workers": "from robustbench_seg.processes import run_in_processes\n"
    "list(run_in_processes(abs, [1, 2], 2))",
    "evaluate": "import robustbench_seg\n"
    'robustbench_seg.evaluate("b0", limit=1, devices=["cpu", "cpu"], corruptions=["fog"])',
}


@pytest.mark.slow
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
