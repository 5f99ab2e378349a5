"""Feed mutated inputs to every reader, and print figures as JSON.

    python -m tests.helpers.fuzzing FOLDER --inputs 10000 --seed 0

Most inputs go to the library in this process, one of 400 to a new process. Only InputError (or a
usage error of the command line) may be raised, no input may take 10 seconds or 2 GiB of memory, and
no damaged run may have other content than the whole one. Otherwise the exit code is 1, and the kind
and number of each failing input are printed, from which it can be made again.
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

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported


from robustbench_seg.errors import InputError
from tests.helpers.readers import COMMANDS, Feed, Fuzzer

SECONDS, GIGABYTES = 10, 2
STARTING = 290
"""Seconds for a process to start on a busy machine."""


def _too_long(*_: object) -> None:
    raise TimeoutError("took too long")


def attempt(feed: Feed, kind: str, seed: int, number: int, seconds: float = SECONDS) -> str:
    """Feed one input; return "taken", "refused", or a traceback."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(3 * seconds, exit=True)  # where signals are blocked
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
    # On Linux, getrusage includes the peak of the parent process before the fork.
    status = Path("/proc/self/status")
    if found := re.search(r"VmHWM:\s+(\d+)", status.read_text() if status.exists() else ""):
        return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Feed the inputs and print the figures; return 1 if any input failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    options.folder.mkdir(exist_ok=True)
    fuzzer = Fuzzer(options.folder.resolve())
    for words in map(str.split, COMMANDS):
        fuzzer.run_command(words)  # raises unless the command is accepted without mutations
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
        limit = SECONDS if kind != "processes" else STARTING + SECONDS
        result = attempt(feed, kind, options.seed, number, limit)
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
