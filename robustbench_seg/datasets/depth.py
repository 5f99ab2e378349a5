"""Depth of the frames of a dataset: its own, or that of a folder of depth maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .base import Dataset, Frame
from .depth_files import DISPARITY, Depth
from .files import FileFrame


def depth_of(frame: Frame) -> Depth:
    """Return the depth of a frame; InputError if it has none, and for a file that is no depth."""
    read = getattr(frame, "depth", None)
    if read is None:
        raise InputError(f"{frame.name}: has no depth; use another suite")
    depth: Depth = read()
    return depth


def with_depth(dataset: Dataset, folder: Path) -> Dataset:
    """Return a dataset whose frames have the depth maps in a folder.

    The map of an image is DIR/<group>/<name>, or DIR/<name>. Raises InputError for the first frame
    without one, and for data that are not read from files.
    """
    frames = []
    for frame in dataset.frames:
        if not isinstance(frame, FileFrame):
            raise InputError(f"--depth: {dataset.name} is not read from images; leave it out")
        found = next((path for path in _places(frame, folder) if path.is_file()), None)
        if found is None:
            first = next(_places(frame, folder))
            raise InputError(
                f"--depth {folder}: no depth of frame {frame.name}; expected {first} or .png"
            )
        frames.append(replace(frame, depth_path=found))
    return replace(dataset, frames=frames)


def _places(frame: FileFrame, folder: Path) -> Iterator[Path]:
    stem = frame.image_path.stem
    base = stem.removesuffix("_leftImg8bit")
    for place in dict.fromkeys([folder / frame.group, folder]):
        for name in (f"{stem}.npy", f"{stem}.png", f"{base}{DISPARITY}.png"):
            yield place / name
