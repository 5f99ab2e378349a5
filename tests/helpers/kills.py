"""Kill a run again and again, resume it, and compare its tables with those of a whole run.

    python -m tests.helpers.kills FOLDER --kills 100 --seed 0 [--frames 40 --start --sample]
        [--runtime openvino]

Each run is the command `robustseg eval` in a process, forked from this one after its imports, or
with --start a new one, so that imports are killed too. SIGKILL comes at a random moment within the
duration of a whole run. With --sample, half of the runs take a sample of 60 %. Figures are printed
as JSON. The command fails if a table differs by a byte, or a committed cell is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# Before torch is imported: a fork loses all threads but one.
os.environ["OMP_NUM_THREADS"] = "1"

import robustbench_seg.evaluation.evaluate
import robustbench_seg.reporting.run  # noqa: F401  # imported before the fork
from robustbench_seg import cli
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.runs.store import Store
from tests.helpers.frames import write_tree

TABLES = ("tidy", "summary", "suite", "severities", "classes", "intervals")


def arguments(tree: Path, out: Path, runtime: str, *more: str) -> list[str]:
    """Return the command of a run under 7 conditions, committed one by one."""
    return [
        *("eval", "--model", "b0@random", "--data", str(tree), "--out", str(out), "--batch", "1"),
        *("--corruptions", "contrast,fog,gaussian_noise", "--severities", "1,3", "--format", "csv"),
        # OpenVINO predicts in a stream for each thread.
        *("--runtime", runtime, "--threads", "1" if runtime == "torch" else "2"),
        *("--measure", "boundary,calibration", *more),
    ]


def forked(command: list[str]) -> int:
    """Run a command in a fork of this process and return the process ID."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    with suppress(BaseException):
        sys.argv = ["robustseg", *command]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = cli.run()
    os._exit(code)


def started(command: list[str]) -> int:
    """Run a command in a new process and return the process ID."""
    whole = [sys.executable, "-m", "robustbench_seg", *command]
    return subprocess.Popen(whole, stdout=subprocess.DEVNULL).pid


def ended(pid: int, seconds: float | None) -> bool:
    """Wait for a process, and kill it after `seconds`; return whether it ended by itself."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline is None or time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            assert code == 0, f"the run ended with code {code}"
            return True
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


def stored(folder: Path) -> set[Cell]:
    """Return the cells of a run, none if it has not started."""
    try:
        with Store.open(folder) as store:
            return {cell for cell, _ in store.matrices()}
    except InputError as error:
        if "no run here" in str(error):
            return set()
        raise


def tables(folder: Path) -> dict[str, bytes]:
    """Return the tables that a run wrote."""
    return {name: (folder / f"{name}.csv").read_bytes() for name in TABLES}


def survive(
    folder: Path,
    frames: int,
    kills: int,
    seed: int,
    runtime: str,
    samples: bool,
    launch: Callable[[list[str]], int],
) -> dict[str, float]:
    """Kill runs `kills` times, resume each until it is complete, and return figures."""
    generator = random.Random(seed)
    tree = write_tree(folder / "tree", frames, width=64, height=32)
    ended(launch(arguments(tree, folder / "first", runtime)), None)  # compiles the kernels
    begun = time.monotonic()
    ended(launch(arguments(tree, folder / "whole", runtime)), None)
    duration = time.monotonic() - begun
    whole = tables(folder / "whole")

    done = completed = half = 0
    out = folder / "run"
    held: set[Cell] = set()
    while done < kills or held:
        seconds = duration * generator.random() if done < kills else None
        sampled = samples and seconds is not None and generator.random() < 0.5
        more = ("--sample", "60%") if sampled else ()
        if ended(launch(arguments(tree, out, runtime, *more)), seconds):
            if sampled:
                continue
            assert tables(out) == whole, "the tables of a resumed run differ"
            completed += 1
            held = set()
            shutil.rmtree(out)
            continue
        done += 1
        now = stored(out)
        assert now >= held, "committed cells are lost"
        half += 0 < len(now) < 7 * frames
        held = now
    assert completed
    return {
        "kills": done,
        "kills of half-done runs": half,
        "runs completed": completed,
        "seconds of a whole run": round(duration, 2),
    }


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--runtime", choices=("torch", "openvino"), default="torch")
    options = parser.parse_args()
    launch = started if options.start else forked
    figures = survive(
        options.folder,
        options.frames,
        options.kills,
        options.seed,
        options.runtime,
        options.sample,
        launch,
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
