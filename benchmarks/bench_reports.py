"""`robustseg report` and `compare` against scripts that make the same pages: medians, agreement.

    python benchmarks/bench_reports.py [RUN RUN] [--rounds 5]

The scripts are those of a user of the library, `Run.open(folder).write("html", out)`: one process,
which imports matplotlib and seaborn and draws every figure itself. Another number is how long
Python takes to import pandas, matplotlib and seaborn: a script of one's own begins after it.
Without runs, b0 and deeplabv3plus-mobilenetv2 are evaluated on the embedded scenes first. Exits
with an error if the pages differ in a byte.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import robustbench_seg

MODELS = ("b0", "deeplabv3plus-mobilenetv2")
COMMAND = ("-m", "robustbench_seg")
IMPORTS = ("-c", "import pandas, seaborn, matplotlib.figure")
REPORT = (
    "import sys; from robustbench_seg import Run;Run.open(sys.argv[1]).write('html', sys.argv[2])"
)
COMPARE = (
    "import sys; from robustbench_seg import compare_runs;"
    "compare_runs(sys.argv[1:3]).write('html', sys.argv[3])"
)


def seconds(*arguments: str) -> float:
    """Return how long a new Python takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(runs: list[str], rounds: int, folder: Path) -> None:
    """Print the medians, and compare the pages."""
    ours, theirs = str(folder / "command"), str(folder / "script")
    kinds = {
        "report": (
            [*COMMAND, "report", runs[0], "--out", ours],
            ["-c", REPORT, runs[0], theirs],
        ),
        "compare": (
            [*COMMAND, "compare", *runs, "--out", ours],
            ["-c", COMPARE, *runs, theirs],
        ),
    }
    imports = statistics.median(seconds(*IMPORTS) for _ in range(rounds))
    print(f"importing pandas, matplotlib and seaborn: {imports:.2f} s")
    for name, both in kinds.items():
        # The first round compiles and warms the disk.
        times = [[seconds(*arguments) for arguments in both] for _ in range(rounds + 1)][1:]
        command, script = map(statistics.median, zip(*times, strict=True))
        print(f"{name}: {command:.2f} s, a script {script:.2f} s: {script / command:.2f} times")
        pages = [Path(place, "report.html").read_bytes() for place in (ours, theirs)]
        if pages[0] != pages[1]:
            sys.exit(f"{name}: the pages differ")


def main() -> None:
    """Measure on the runs that are given, or on new ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        runs = given.runs or [
            str(robustbench_seg.evaluate(model, out=folder / model).folder) for model in MODELS
        ]
        if len(runs) != 2:
            parser.error("name two runs, or none")
        measure(runs, given.rounds, folder)


if __name__ == "__main__":
    main()
