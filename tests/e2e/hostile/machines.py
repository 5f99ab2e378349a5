"""Faults of machines: what stands in an output's place, limits on files, locks, closed outputs.

A fault is done to the folder that a command writes to. The command then ends as expected, and a
file outside the folder is never changed.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from tests.helpers.disks import largest_file

VICTIM = "victim"
"""File or folder beside the output folder, which stays as it is."""


Do = Callable[[Path], Any]


class Fault(NamedTuple):
    """What is done before a command, and how the command ends."""

    kind: str
    command: str
    """Key of `COMMANDS`."""
    do: Do
    """Called with the output folder; a context manager that it returns is open meanwhile."""
    line: str = ""
    """Regular expression of the line on stderr; "": the command succeeds."""
    output: str = ""
    """File that is whole afterwards if the command succeeds, and absent or as before if not."""
    code: int = 2


COMMANDS: dict[str, str] = {
    "eval": "eval --model b0@random --data TREE --corruptions contrast --severities 1 "
    "--format csv --out OUT",
    "report": "report RUN --format FORMAT --out OUT",
    "corrupt": "corrupt TREE OUT --corruptions contrast --severities 1 --workers 1",
    "train": "train --data TREE --split val --steps 1 --batch 1 --crop 64x32 --workers 0 --out OUT",
    "erf": "erf --model b0 --data streets --limit 1 --stage 4 --size 64x64 --format csv --out OUT",
}
REPORTS = {
    "html": "report.html",
    "md": "report.md",
    "latex": "report.tex",
    "csv": "summary.csv",
    "parquet": "summary.parquet",
    "svg": "figures/heat-map-1-SegFormer-B0.svg",
}
IMAGE = "contrast/1/leftImg8bit/val/streets/streets_000000_000019_leftImg8bit.png"


def place(name: str, make: Callable[[Path], None], folder: Path) -> None:
    """Make something in an output's place."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)


def link(path: Path) -> None:
    """Link to a file outside."""
    path.symlink_to(outside(path))


def hard_link(path: Path) -> None:
    """Give a file outside this name, too."""
    os.link(outside(path), path)


def dangling(path: Path) -> None:
    """Link to a file that would be made outside."""
    path.symlink_to(outside(path).with_name("made"))


def half(path: Path) -> None:
    """Leave what a killed command does."""
    path.write_bytes(b"half")


def partial_link(path: Path) -> None:
    """Link the file that is written first."""
    path.with_name(f"{path.name}.partial").symlink_to(outside(path))


def folder_link(path: Path) -> None:
    """Link to a folder outside."""
    path.symlink_to(outside(path).parent / f"{VICTIM}.folder")


def outside(path: Path) -> Path:
    """Return the file that must not change."""
    folder = path.parent
    while not (folder / VICTIM).exists():
        folder = folder.parent
    return folder / VICTIM


@contextmanager
def no_locks(number: int, _: Path) -> Iterator[None]:
    """Fail each lock of a file, as file systems without locks do."""
    before = fcntl.flock

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    fcntl.flock = fail
    try:
        yield
    finally:
        fcntl.flock = before


@contextmanager
def locked(name: str, folder: Path) -> Iterator[None]:
    """Hold the lock, as another command of the same folder does."""
    folder.mkdir()
    with FileLock(folder / name):
        yield


def _limited(size: int) -> Do:
    return lambda _: largest_file(size)


def faults() -> Iterator[tuple[str, Fault]]:
    """Yield every fault with its name."""
    for form, name in REPORTS.items():
        report = f"report {form}"
        replaced = (link, hard_link, dangling, os.mkfifo, half, partial_link)
        for make in replaced:
            do: Do = partial(place, name, make)
            yield f"{report}: {make.__name__}", Fault(make.__name__, report, do, output=name)
        in_place = Fault("a folder", report, partial(place, name, Path.mkdir), "is a folder")
        yield f"{report}: a folder", in_place
        limit = Fault("a limit", report, _limited(600), "File too large", name)
        yield f"{report}: a limit", limit
    figures: Do = partial(place, "figures", folder_link)
    yield "report svg: a linked folder", Fault("a linked folder", "report svg", figures, "a link")
    for name in ("contrast", "contrast/1", "contrast/1/leftImg8bit"):
        do = partial(place, name, folder_link)
        yield f"corrupt: {name}", Fault("a linked folder", "corrupt", do, "other files|is a link")
    others: tuple[tuple[str, str, Callable[[Path], Any], str], ...] = (
        ("corrupt", "manifest.json", link, "is a link"),
        ("corrupt", "copy.lock", link, "is a link"),
        ("corrupt", "copy.lock", hard_link, "is a link"),
        ("corrupt", "copy.lock", Path.touch, ""),
        ("eval", "run.sqlite", link, "is a link"),
        ("eval", "run.lock", link, "is a link"),
        ("eval", "run.lock", hard_link, "is a link"),
        ("eval", "run.lock", os.mkfifo, "is a link, or no file"),
        ("eval", "run.lock", Path.mkdir, "is a link, or no file"),
        ("eval", "run.sqlite", os.mkfifo, "is no file"),
        ("eval", "run.sqlite", Path.mkdir, "is no file"),
        ("eval", "run.lock", Path.touch, ""),
        ("train", "log.csv", link, "holds other files"),
        ("train", "log.csv", dangling, ""),
        ("train", "log.csv", os.mkfifo, "is a named pipe"),
        ("erf", "overview.png", link, "holds other files"),
        ("erf", "maps", half, "cannot be written"),
        ("train", "checkpoint.pt", os.mkfifo, "holds other files"),
        ("erf", "maps", folder_link, "a link"),
    )
    for command, name, action, line in others:
        do = partial(place, name, action)
        yield f"{command} {name}: {action.__name__}", Fault(command, command, do, line)
    for command, sizes in (("eval", (0, 2000, 20000)), ("corrupt", (0, 500)), ("train", (0, 5000))):
        for size in sizes:
            do = _limited(size)
            line = "cannot be (written|used)|disk is full"
            yield f"{command}: files of {size}", Fault("a limit", command, do, line)
    for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
        for command in ("eval", "corrupt"):
            do = partial(no_locks, number)
            line = "its file system has no locks"
            yield f"{command}: no locks {number}", Fault("no locks", command, do, line)
    for command, name in (("eval", "run.lock"), ("corrupt", "copy.lock")):
        do = partial(locked, name)
        yield f"{command}: in use", Fault("in use", command, do, "in use by another process")


FAULTS = dict(faults())
