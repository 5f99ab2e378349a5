"""The datasets by name, and which one a command's `--data` means."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from .base import Dataset
from .camvid import camvid, is_camvid
from .cityscapes import cityscapes, is_cityscapes
from .streets import streets

CITYSCAPES_VARIABLE = "CITYSCAPES_DATASET"


@dataclass(frozen=True)
class DatasetInfo:
    """A line of `robustseg datasets`."""

    name: str
    title: str
    default_frames: int | None
    """How many frames of `val` are taken where no limit is given; None: all."""


DATASETS = {
    info.name: info
    for info in (
        DatasetInfo("streets", "procedural street scenes, embedded: nothing to download", 16),
        DatasetInfo(
            "cityscapes",
            f"Cityscapes in its official layout: a path, or ${CITYSCAPES_VARIABLE}",
            None,
        ),
        DatasetInfo("camvid", "CamVid, 11 classes, in SegNet's layout: a path", None),
    )
}


def open_dataset(data: str | None = None, split: str = "val", limit: int | None = None) -> Dataset:
    """Return the split that `--data`, `--split` and `--limit` mean, by name or by path.

    Without a name it is Cityscapes where CITYSCAPES_DATASET is set, else `streets`. Raises
    InputError for a missing folder, an unknown layout, an empty split or a limit below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit}: must be at least 1")
    name = data or ("cityscapes" if os.environ.get(CITYSCAPES_VARIABLE) else "streets")
    if name == "streets":
        default = DATASETS["streets"].default_frames if split == "val" else None
        return streets(split, limit=limit or default)
    root = _root(name)
    dataset = camvid(root, split) if is_camvid(root) else cityscapes(root, split)
    return replace(dataset, frames=dataset.frames[:limit])


def _root(data: str) -> Path:
    if data == "cityscapes":
        folder = os.environ.get(CITYSCAPES_VARIABLE)
        if not folder:
            raise InputError(
                f"--data cityscapes: set {CITYSCAPES_VARIABLE} to its folder, or give the path"
            )
        source, root = CITYSCAPES_VARIABLE, Path(folder)
    else:
        source, root = "--data", Path(data)
    if not root.is_dir():
        hint = "; give a path, streets or cityscapes" if source == "--data" else ""
        raise InputError(f"{source} {root}: no such folder{hint}")
    if not (is_cityscapes(root) or (data != "cityscapes" and is_camvid(root))):
        raise InputError(
            f"{source} {root}: no known layout; expected leftImg8bit/ and gtFine/ (Cityscapes) in "
            "it, or train/ and trainannot/, val/ and valannot/ (CamVid)"
        )
    return root
