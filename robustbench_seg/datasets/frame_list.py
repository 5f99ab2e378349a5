"""Lists of frames, `--frames FILE`: a text file with the name or the image of a frame a line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ..errors import InputError
from .base import Frame
from .taxonomies import read_text

F = TypeVar("F", bound=Frame)


def listed_frames(path: Path, frames: Sequence[F]) -> list[F]:
    """Return the frames that a file lists, in its order; blank lines are passed over.

    A line is the name of a frame, or the last part of the path of its image, with or without
    extension. Raises InputError for a file without frames or with an unknown one, and for a line
    that fits several frames or that repeats one.
    """
    option = f"--frames {path}"
    if not path.exists():
        raise InputError(f"{option}: no such file; give a text file with a frame a line")
    lines = [line for line in map(str.strip, read_text("--frames", path).splitlines()) if line]
    if not lines:
        raise InputError(f"{option}: is empty; write a frame a line")
    named: dict[str, list[int]] = {}
    known: dict[str, list[int]] = {}
    for number, frame in enumerate(frames):
        extension = getattr(frame, "image_path", Path()).suffix
        named |= {_plain(each): [number] for each in (frame.name, frame.name + extension)}
        for ending in _endings(frame):
            known.setdefault(ending, []).append(number)
    chosen: dict[int, str] = {}
    for line in lines:
        numbers = named.get(_plain(line)) or known.get(_plain(line), [])
        if not numbers:
            raise InputError(f"{option}: {line!r:.100} is no frame of the split; remove the line")
        if len(numbers) > 1:
            several = " and ".join(frames[number].name for number in numbers[:2])
            raise InputError(f"{option}: {line!r:.100} fits {several}; write more of its path")
        if numbers[0] in chosen:
            first = chosen[numbers[0]]
            raise InputError(f"{option}: {first!r:.100} is listed twice; remove a line")
        chosen[numbers[0]] = line
    return [frames[number] for number in chosen]


def _endings(frame: Frame) -> set[str]:
    """Return the last parts of the path of a frame's image, with and without extension."""
    image = getattr(frame, "image_path", None)
    if image is None:  # of a frame that is not stored in files
        return set()
    parts = PurePosixPath(_plain(Path(image).as_posix())).parts
    endings = (PurePosixPath(*parts[start:]) for start in range(len(parts)))
    return {str(each) for ending in endings for each in (ending, ending.with_suffix(""))}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/"))
