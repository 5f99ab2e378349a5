"""Store runs that are changed at random, with right digests, and read them in every way.

    python -m tests.e2e.hostile.fuzz_runs FOLDER --first 0 --inputs 10000 --seed 0

Each is refused with InputError, or its numbers are those of the validator. Anything else, or more
than a minute, is printed with its number, from which it can be made again; the exit code is 1.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import shutil
import signal
import sqlite3
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.merging import merge
from robustbench_seg.runs.packed_counts import pack
from robustbench_seg.runs.store import Store
from tests.e2e.hostile.crafted import Crafted, Row, at, crafted, paths
from tests.e2e.hostile.runs import Attack, attacks
from tests.e2e.hostile.specifications import OTHER_FORMS
from tests.e2e.hostile.validator import clean_miou
from tests.helpers.fuzzing import _too_long, attempt
from tests.helpers.stored_runs import stored_spec

VALUES: tuple[Any, ...] = (
    *("b0", "b5", "clean", "fog", "gaussian_noise", "frame_0", "frame_1", "", b"fog", "\0", 0, 1),
    *(2, 3, 9, -1, 2**31, 2**62, 1.5, 1e300),
)
WHERE = "condition = 'fog' AND severity = 1"
STATEMENTS = (
    f"DELETE FROM cells WHERE {WHERE}",
    f"UPDATE cells SET matrix = zeroblob(50) WHERE {WHERE}",
    f"UPDATE cells SET frame = CAST(frame AS BLOB) WHERE {WHERE}",
    "UPDATE cells SET digest = NULL",
    "UPDATE sessions SET id = -5",
    "INSERT INTO sessions SELECT id + 9, provenance, digest FROM sessions",
    "DELETE FROM meta",
    "UPDATE meta SET value = CAST(value AS BLOB)",
    "DROP TABLE pictures",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON cells BEGIN SELECT 1; END",
    "VACUUM",
    "REINDEX",
    "PRAGMA journal_mode = WAL",
)


SECONDS = 60
"""Most seconds for an input on a busy machine; comparisons take two on an idle one."""


@cache
def _base(draws: int) -> Crafted:
    return crafted(stored_spec(draws=draws))


def changed(generator: random.Random) -> Crafted:
    """Return a run with one to three changes."""
    if generator.random() < 0.1:
        attack = generator.choice(_attacks())
        run = attack.base()
        attack.change(run)
    else:
        run = copy.deepcopy(_base(generator.choice((1, 1, 2))))
    for _ in range(generator.choice((1, 1, 2, 3))):
        chosen = generator.choices((_spec, _cells, _matrix, _rest, _statement), (4, 3, 4, 2, 1))
        chosen[0](generator, run)
    return run


@cache
def _attacks() -> list[Attack]:
    return [each for each in attacks() if "bomb" not in each.name and each.kind != "SQLite"]


def _spec(generator: random.Random, run: Crafted) -> None:
    every = paths(run.spec)
    path = generator.choice(every)
    holder: Any = at(run.spec, path)
    key: Any = path[-1]
    other = generator.choice(every)
    kind = generator.randrange(7)
    if kind == 0:
        holder[key] = generator.choice(OTHER_FORMS)
    elif kind == 1:
        del holder[key]
    elif kind == 2:
        holder[key] = copy.deepcopy(at(run.spec, other)[other[-1]])
    elif isinstance(holder, list) and kind == 3:
        holder.insert(generator.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    elif type(holder[key]) in (int, float):
        holder[key] = _number(generator, holder[key])
    elif isinstance(holder[key], str):
        holder[key] = generator.choice((holder[key] + "x", holder[key][:-1], "=1+1", "\x1b[2J"))
    elif isinstance(holder[key], dict):
        holder[key]["x"] = generator.choice(OTHER_FORMS)


def _number(generator: random.Random, value: float) -> float:
    return generator.choice((value + 1, value - 1, -value, 2 * value, 2**31, 2**63, value + 0.5))


def _cells(generator: random.Random, run: Crafted) -> None:
    if not run.cells:
        return
    row = generator.randrange(len(run.cells))
    kind = generator.randrange(5)
    if kind == 0:
        del run.cells[row]
    elif kind == 1:
        run.cells[row][generator.randrange(5)] = generator.choice(VALUES)
    elif kind == 2:
        run.cells.append([*run.cells[row]])
        run.cells[-1][generator.randrange(5)] = generator.choice(VALUES)
    elif kind == 3:
        del run.cells[generator.randrange(len(run.cells)) :]
    else:
        other = generator.randrange(len(run.cells))
        run.cells[row][5], run.cells[other][5] = run.cells[other][5], run.cells[row][5]


def _matrix(generator: random.Random, run: Crafted) -> None:
    arrays = [row for row in run.cells if isinstance(row[5], np.ndarray) and row[5].size]
    if not arrays:
        return
    row = generator.choice(arrays)
    matrix = row[5].copy()
    place = tuple(generator.randrange(side) for side in matrix.shape)
    kind = generator.randrange(8)
    if kind < 3:  # a pixel of a class moves to another prediction: a run that is read
        column = generator.randrange(matrix.shape[1])
        moved = generator.randrange(int(max(1, matrix[place] + 1)))
        matrix[place] -= moved
        matrix[place[0], column] += moved
    elif kind == 3:
        matrix[place] = generator.choice((-1, 0, 1, 2**31, 2**62, -(2**63), 2**63 - 1))
    elif kind == 4:
        matrix = matrix * np.int64(generator.choice((-1, 0, 2, 3, 2**20, 2**40, 2**62)))
    elif kind == 5:
        shape = generator.choice(((0, 0), (1, 9), (9, 1), (3, 4), (4, 4), (19, 19), (2, 2)))
        matrix = np.resize(matrix, shape)
    elif kind == 6:
        matrix = generator.choice((matrix.T, matrix[::-1], matrix[:, ::-1]))
    else:
        run_bytes = pack([matrix])
        spot = generator.randrange(len(run_bytes))
        row[5] = run_bytes[:spot] + bytes([generator.randrange(256)]) + run_bytes[spot + 1 :]
        return
    row[5] = matrix


def _rest(generator: random.Random, run: Crafted) -> None:
    kind = generator.randrange(4)
    tables: list[list[Row]] = [run.pictures, run.failures]
    if kind == 0 and run.sessions and isinstance(run.sessions[0], dict):
        every = paths(run.sessions[0])
        path = generator.choice(every)
        at(run.sessions[0], path)[path[-1]] = generator.choice(OTHER_FORMS)
    elif kind == 1 and run.cells:
        row = run.cells.pop(generator.randrange(len(run.cells)))
        run.failures.append([*row[:5], generator.choice(("bad", "", b"bad", 5, "\0", "x" * 99))])
    elif kind == 2 and run.pictures:
        row = generator.choice(run.pictures)
        png = bytearray(row[6] if isinstance(row[6], bytes) else b"png")
        png[generator.randrange(len(png))] ^= 1 << generator.randrange(8)
        row[6] = bytes(png)
    else:
        rows = generator.choice(tables)
        if rows:
            generator.choice(rows)[generator.randrange(6)] = generator.choice(VALUES)


def _statement(generator: random.Random, run: Crafted) -> None:
    run.after.append(generator.choice(STATEMENTS))


def reader(folder: Path) -> Callable[[random.Random], None]:
    """Return a function that stores a changed run and reads it; InputError if it is refused."""
    crafted().write(folder / "good")
    _attacks()  # made before anything is timed

    def read(generator: random.Random) -> None:
        shutil.rmtree(folder / "both", ignore_errors=True)
        path = _written(generator, folder / "run")
        if generator.random() < 0.2:
            content = bytearray(path.read_bytes())
            content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
            path.write_bytes(content)
        ways = generator.random()
        if ways < 0.1:
            with Store.create_or_resume(folder / "run", stored_spec()):
                pass
        elif ways < 0.2:
            merge([folder / "good", folder / "run"], folder / "both")
        elif ways < 0.22:
            compare_runs([folder / "good", folder / "run"])
        check(Run.open(folder / "run"), path, whole=ways > 0.95)

    return read


def _written(generator: random.Random, folder: Path) -> Path:
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        run = changed(generator)
        # Not every change can be stored: NULL as a key, 2^64, half a letter.
        with suppress(sqlite3.Error, OverflowError, UnicodeError):
            return run.write(folder)


def check(run: Run, path: Path, *, whole: bool) -> None:
    """Compare the clean mIoU of a run that was read with the validator's."""
    theirs = clean_miou(path, run.frames)
    if not run.frames:
        return
    tidy = run.table("tidy")
    rows = tidy[(tidy["condition"] == "clean") & (tidy["class"] == "all")]
    ours = rows[rows["metric"] == "miou"].set_index("model")["value"].to_dict()
    for model, score in ours.items():
        validated = theirs[str(model)]
        assert math.isclose(score, validated, abs_tol=1e-12) or math.isnan(validated)
    finite = tidy["value"].dropna()
    assert finite.between(0, 1).all(), "a score outside of 0 to 1"
    if whole:
        for name in run.tables:
            run.table(name)
        run.write("html,markdown,latex,csv", path.with_name("written"))


def fuzz(folder: Path, inputs: range, seed: int = 0) -> Counter[str]:
    """Read inputs by their numbers; return how many were taken, refused and wrong."""
    before = signal.signal(signal.SIGALRM, _too_long)
    read = reader(folder.resolve())
    figures: Counter[str] = Counter()
    try:
        for number in inputs:
            result = attempt(read, "run files", seed, number, SECONDS)
            if result not in ("taken", "refused"):
                print(f"run files {number}: {result}", file=sys.stderr)
                result = "wrong"
            figures[result] += 1
    finally:
        signal.signal(signal.SIGALRM, before)
    return figures


def main() -> int:
    """Read the inputs and print figures as JSON; return 1 if any was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    numbers = range(options.first, options.first + options.inputs)
    figures = fuzz(options.folder, numbers, options.seed)
    print(json.dumps(figures))
    return int(figures["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
