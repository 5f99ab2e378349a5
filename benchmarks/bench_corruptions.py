"""Compare times and pixels of our corruptions with those of `imagecorruptions`, or with formulas.

    python -m benchmarks.bench_corruptions [--repeats 3] [NAME ...]

The image is a rendered frame of 2048 x 1024; the corruptions are the 16 of cityscapes-c unless
others are named. Those of imagenet-c-bar, which is not a package, are compared with their formulas
in NumPy (`tests/helpers/cbar.py`), which are far faster than the published loops over pixels. Both
sides take turns, since other load on the machine then affects both. A turn is two calls, of which
the second is timed, with its memory already allocated. The totals compare their summed times with
ours in one thread, in threads on all cores, and in processes on all cores. Exits with an error if a
corruption that is not random, or one of imagenet-c-bar, differs by more than one grey level.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median

import imagecorruptions
import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruptions import corrupt, corruption_names, find, image_key
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.seeding import stream_seed
from robustbench_seg.datasets.streets import render
from robustbench_seg.protocol.suites import load_suite
from tests.helpers.cbar import DEFINITIONS

WIDTH, HEIGHT = 2048, 1024


@dataclass
class Measurement:
    """Seconds of each turn and largest difference, for a corruption at a severity."""

    name: str
    severity: int
    difference: int | None  # in grey levels; None if random numbers differ
    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)


def seconds(call: Callable[[], object]) -> float:
    """Return the duration of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(
    image: NDArray[np.uint8], key: str, name: str, severity: int, repeats: int
) -> Measurement:
    """Measure both sides in turns, after a first call of each, which may compile."""
    ours = corrupt(image, name, severity, key=key)
    theirs = reference(image, key, name, severity)
    difference = int(np.abs(np.subtract(ours, theirs, dtype=int)).max())
    comparable = name in DEFINITIONS or not find(name).random
    result = Measurement(name, severity, difference if comparable else None)
    for _ in range(repeats):
        result.theirs.append(second_of_two(lambda: reference(image, key, name, severity)))
        result.ours.append(second_of_two(lambda: corrupt(image, name, severity, key=key)))
    return result


def reference(image: NDArray[np.uint8], key: str, name: str, severity: int) -> NDArray[np.uint8]:
    """Return the image by the formula, from the same random numbers, or by `imagecorruptions`."""
    if name in DEFINITIONS:
        return DEFINITIONS[name](image, severity, stream_seed(0, key, name, severity))
    corrupted: NDArray[np.uint8] = imagecorruptions.corrupt(image, severity, name)
    return corrupted


def second_of_two(call: Callable[[], object]) -> float:
    """Return the duration of the second of two equal calls, whose memory is allocated."""
    call()
    return seconds(call)


def row(name: str, severity: object, theirs: float, ours: float, difference: object) -> str:
    """Return a line of the table from times in seconds."""
    times = f"{theirs * 1e3:12.1f} {ours * 1e3:10.2f} {theirs / ours:8.1f}"
    return f"{name:26} {severity!s:>9} {times} {difference!s:>10}"


def totals(
    image: NDArray[np.uint8], key: str, measurements: Sequence[Measurement], repeats: int
) -> Iterator[tuple[str, float]]:
    """Yield the ways to make all images and their seconds, the median of the repeats."""
    yield "1 thread", sum(median(each.ours) for each in measurements)
    # The slowest first: otherwise one core may run it alone at the end.
    slowest_first = sorted(measurements, key=lambda each: median(each.ours), reverse=True)
    conditions = [(each.name, each.severity) for each in slowest_first]
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as threads:

        def by_threads() -> None:
            list(threads.map(lambda condition: corrupt(image, *condition, key=key), conditions))

        yield f"{cores} threads", median(seconds(by_threads) for _ in range(repeats))
    with ProcessPoolExecutor(cores, get_context("spawn"), prepare, (image, conditions)) as workers:

        def by_processes() -> None:
            list(workers.map(corrupt_here, conditions))

        by_processes()  # waits for all workers to be prepared
        yield f"{cores} proc.", median(seconds(by_processes) for _ in range(repeats))


_here: dict[str, tuple[NDArray[np.uint8], str]] = {}  # image and key of a worker process


def prepare(image: NDArray[np.uint8], conditions: Sequence[tuple[str, int]]) -> None:
    """Give a worker process its image, and load and compile the corruptions."""
    _here["image"] = image, image_key(image)
    for condition in conditions:
        corrupt_here(condition)


def corrupt_here(condition: tuple[str, int]) -> None:
    """Corrupt the image of a worker process and drop the result, as an evaluation does."""
    image, key = _here["image"]
    corrupt(image, *condition, key=key)


def main() -> None:
    """Measure, print the table and check the differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(corruption_names()))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if unknown := set(options.names).difference(corruption_names()):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    image, _ = render("val", 0, WIDTH, HEIGHT)
    key = image_key(image)
    print(f"{'corruption':26}  severity reference ms    ours ms    ratio difference", flush=True)
    measurements = []
    every = dict.fromkeys(name for name, _ in load_suite("cityscapes-c").corrupted)
    for name in options.names or every:
        group = [measure(image, key, name, severity, options.repeats) for severity in SEVERITIES]
        for each in group:
            difference = "random" if each.difference is None else each.difference
            print(row(name, each.severity, median(each.theirs), median(each.ours), difference))
        theirs = sum(median(each.theirs) for each in group)
        ours = sum(median(each.ours) for each in group)
        print(row(name, "sum", theirs, ours, ""), flush=True)
        measurements += group

    theirs = sum(median(each.theirs) for each in measurements)
    for way, ours in totals(image, key, measurements, options.repeats):
        print(row(f"all {len(measurements)} images", way, theirs, ours, ""), flush=True)

    differing = [m for m in measurements if m.difference is not None and m.difference > 1]
    if differing:
        names = ", ".join(f"{each.name} {each.severity}" for each in differing)
        raise SystemExit(f"more than one grey level from the reference: {names}")


if __name__ == "__main__":
    main()
