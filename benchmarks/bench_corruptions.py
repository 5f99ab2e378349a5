"""Our corruptions against those of `imagecorruptions`: times, ratios and differences, in one run.

    python benchmarks/bench_corruptions.py [--repeats 3] [NAME ...]

On one rendered frame of 2048 x 1024. Both sides take turns, so that what else the machine does
meets both. Exits with an error if a corruption without chance differs by more than a grey level.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

import imagecorruptions
import numpy as np
from numpy.typing import NDArray

from corruptions import corrupt, corruption_names, image_key
from corruptions.catalogue import OURS
from corruptions.checks import SEVERITIES
from robustbench_seg.datasets.streets import render

WIDTH, HEIGHT = 2048, 1024


@dataclass
class Measurement:
    """One corruption at one severity: the seconds of each turn, and the largest difference."""

    name: str
    severity: int
    difference: int | None  # in grey levels; None where there is chance
    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(
    image: NDArray[np.uint8], key: str, name: str, severity: int, repeats: int
) -> Measurement:
    """Measure both sides in turns, after one call each that may compile."""
    ours = corrupt(image, name, severity, key=key)
    theirs = imagecorruptions.corrupt(image, severity, name)
    by_chance = not np.array_equal(ours, corrupt(image, name, severity, seed=1, key=key))
    difference = None if by_chance else int(np.abs(np.subtract(ours, theirs, dtype=int)).max())
    result = Measurement(name, severity, difference)
    for _ in range(repeats):
        result.theirs.append(seconds(lambda: imagecorruptions.corrupt(image, severity, name)))
        result.ours.append(seconds(lambda: corrupt(image, name, severity, key=key)))
    return result


def row(name: str, severity: object, theirs: float, ours: float, difference: object) -> str:
    """Return a line of the table; times in seconds."""
    times = f"{theirs * 1e3:12.1f} {ours * 1e3:10.2f} {theirs / ours:8.1f}"
    return f"{name:18} {severity!s:>8} {times} {difference!s:>10}"


def main() -> None:
    """Measure, print the table and check the differences."""
    made_here = [name for name in corruption_names() if any(name in each for each in OURS.values())]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(made_here)}")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if unknown := set(options.names).difference(made_here):
        parser.error(f"not made here: {', '.join(sorted(unknown))}")

    image, _ = render("val", 0, WIDTH, HEIGHT)
    key = image_key(image)
    print(f"{'corruption':18} severity reference ms    ours ms    ratio difference", flush=True)
    measurements = []
    for name in options.names or made_here:
        group = [measure(image, key, name, severity, options.repeats) for severity in SEVERITIES]
        for each in group:
            chance = "random" if each.difference is None else each.difference
            print(row(name, each.severity, median(each.theirs), median(each.ours), chance))
        theirs, ours = (
            sum(map(median, side))
            for side in zip(*((g.theirs, g.ours) for g in group), strict=True)
        )
        print(row(name, "sum", theirs, ours, ""), flush=True)
        measurements += group

    theirs = sum(median(each.theirs) for each in measurements)
    print(row("all", "1 thread", theirs, sum(median(each.ours) for each in measurements), ""))
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:

        def all_at_once() -> None:
            list(pool.map(lambda m: corrupt(image, m.name, m.severity, key=key), measurements))

        ours = median(seconds(all_at_once) for _ in range(options.repeats))
    print(row("all", f"{threads} threads", theirs, ours, ""))

    differing = [m for m in measurements if m.difference is not None and m.difference > 1]
    if differing:
        names = ", ".join(f"{each.name} {each.severity}" for each in differing)
        raise SystemExit(f"more than one grey level from the reference: {names}")


if __name__ == "__main__":
    main()
