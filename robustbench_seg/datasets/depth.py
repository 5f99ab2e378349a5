"""Depth of the frames of a dataset: its own, or that of a folder of depth maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .base import Dataset, Frame
from .depth_files import Depth, find_depth
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
        found = find_depth(folder, frame.image_path, frame.group)
        frames.append(replace(frame, depth_path=found))
    return replace(dataset, frames=frames)
