"""Feeds mutated inputs to everything that reads one, and prints figures as JSON.

    python -m tests.helpers.fuzzing FOLDER --inputs 10000 --seed 0

All but a few go to the library in this process, one of 400 to the command line. The only exception
that may come out is InputError (or the command line's usage error); nothing may take 10 seconds or
2 GiB of memory, and no damaged run may say anything else than the whole one. It exits with 1 where
that does not hold, and prints the kind and the number by which an input can be made again.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import re
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch, which has no other use for more


from robustbench_seg.errors import InputError
from tests.helpers.readers import Feed, Fuzzer

SECONDS, GIGABYTES = 10, 2
STARTING = 290
"""Seconds in which a process has begun to work, on a machine that has much else to do."""


def _too_long(*_: object) -> None:
    raise TimeoutError(f"took more than {SECONDS} seconds")


def attempt(feed: Feed, kind: str, seed: int, number: int) -> str:
    """Feed one input; return "taken", "refused", or what is wrong."""
    seconds = SECONDS if kind != "processes" else STARTING + SECONDS
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(3 * seconds, exit=True)  # where no signal is heard
    try:
        feed(random.Random(f"{seed} {kind} {number}"))
    except InputError:
        return "refused"
    except BaseException:
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            raise
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
    return "taken"


def _peak() -> int:
    """Return the highest memory of this process in KiB."""
    # What getrusage tells begins, on Linux, with that of the process that started this one.
    status = Path("/proc/self/status")
    if found := re.search(r"VmHWM:\s+(\d+)", status.read_text() if status.exists() else ""):
        return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Read the options, feed the inputs, print the figures; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    options.folder.mkdir(exist_ok=True)
    fuzzer = Fuzzer(options.folder.resolve())
    before = _peak()
    figures: dict[str, Counter[str]] = {}
    wrong = slowest = 0.0
    work = [
        (kind, feed, number)
        for kind, (share, feed) in fuzzer.feeds().items()
        for number in range(max(1, options.inputs * share // 100))
    ]
    work += [
        ("processes", fuzzer.command_line, number)
        for number in range(max(1, options.inputs // 400))
    ]
    for kind, feed, number in work:
        begun = time.monotonic()
        result = attempt(feed, kind, options.seed, number)
        if kind != "processes":
            slowest = max(slowest, time.monotonic() - begun)
        if result not in ("taken", "refused"):
            print(f"{kind} {number}: {result}", file=sys.stderr)
            result = "wrong"
            wrong += 1
        figures.setdefault(kind, Counter())[result] += 1
    peak = _peak()
    totals = {
        "inputs": len(work),
        "wrong": int(wrong),
        "slowest in seconds": round(slowest, 2),
        "peak memory in GiB": round(peak / 2**20, 2),
        "of it before the first": round(before / 2**20, 2),
    }
    print(json.dumps({**figures, **totals}))
    return int(bool(wrong) or peak > GIGABYTES * 2**20)


if __name__ == "__main__":
    sys.exit(main())
