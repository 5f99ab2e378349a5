"""Opening a dataset by what a command's options say: a name, a path, or two folders."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..corruptions.checks import did_you_mean
from ..errors import InputError

# Each module registers its layouts.
from . import ade20k, adverse, camvid, cityscapes, trees  # noqa: F401
from .base import Dataset
from .cityscapes import CITYSCAPES_VARIABLE
from .copied import refuse_copied
from .folder import index_folders
from .frame_list import listed_frames
from .layouts import LAYOUTS, Layout, layout_of, roots_near
from .split_index import SplitIndex
from .streets import STREETS, streets
from .taxonomies import load_taxonomy

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "dataset_titles", "find_split", "layout_of", "open_dataset"]

GROUP = "robustbench_seg.datasets"
"""The group of entry points in which an installed package registers its datasets."""


def dataset_titles() -> dict[str, str]:
    """Return a title for each dataset that has a name or a layout, by name."""
    titles = _own_titles()
    for name, entry in _entry_points().items():
        package = entry.dist.name if entry.dist else entry.value
        titles.setdefault(name, f"registered by {package}")
    return titles


def _own_titles() -> dict[str, str]:
    titles = {STREETS: "streets, procedural scenes, embedded: nothing to download"}
    return titles | {layout.name: layout.title for layout in LAYOUTS.values()}


def written_name(dataset: str) -> str:
    """Return the name of a dataset as its authors write it: "Cityscapes" for `cityscapes`.

    Titles begin with it. Names that are not ours stay as they are.
    """
    own = _own_titles()
    return own[dataset].partition(",")[0] if dataset in own else dataset


def open_dataset(
    data: str | Path | None = None,
    split: str = "val",
    limit: int | None = None,
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    classes: str | Path | None = None,
    frames: str | Path | None = None,
) -> Dataset:
    """Open a split of a dataset, as `--data`, `--split` and `--limit` name it.

    `data` is a name or a path; None is Cityscapes if CITYSCAPES_DATASET is set, else `streets`.
    Two folders, `images` and `labels`, take its place; `classes` is their taxonomy, by name or
    path (None: that of Cityscapes). `frames` is a file that lists the frames to take. In a dataset
    with conditions, `limit` applies to each of them.
    Raises InputError for a missing folder, an unknown layout, an empty split, a missing label or a
    limit below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit}: must be at least 1")
    data = None if data is None else str(data)
    found = find_split(data, split, images=images, labels=labels, classes=classes, frames=frames)
    dataset = found.dataset() if isinstance(found, SplitIndex) else found
    if limit is None and dataset.name == "streets" and split == "val":
        limit = 16
    if limit is None or not dataset.conditions:
        return replace(dataset, frames=dataset.frames[:limit])
    first = [
        frame
        for condition in dataset.conditions
        for frame in [each for each in dataset.frames if each.condition == condition][:limit]
    ]
    return replace(dataset, frames=first)


def find_split(
    data: str | None,
    split: str,
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    classes: str | Path | None = None,
    frames: str | Path | None = None,
) -> SplitIndex | Dataset:
    """Index the files of a split, or return the dataset if it is not made of files.

    See `open_dataset` for arguments and errors.
    """
    found = _find_all(data, split, images, labels, classes)
    if isinstance(found, SplitIndex):
        option = f"--data {data or found.root}" if images is None else f"--images {images}"
        every = (*found.frames, *(frame for frame, _ in found.missing))
        refuse_copied(option, (frame.image_path for frame in every))
    if frames is None:
        return found
    if isinstance(found, Dataset):
        return replace(found, frames=listed_frames(Path(frames), found.frames))
    found.only(Path(frames))
    return found


def _find_all(
    data: str | None,
    split: str,
    images: str | Path | None,
    labels: str | Path | None,
    classes: str | Path | None,
) -> SplitIndex | Dataset:
    if images is not None and labels is not None:
        if data is not None:
            raise InputError(f"--data {data} and --images are mutually exclusive")
        taxonomy = load_taxonomy(str(classes or "cityscapes"))
        _refuse_embedded(taxonomy.name, f"--classes {classes}", 'name = "..." in it')
        return index_folders(Path(images), Path(labels), taxonomy, split)
    if images is not None or labels is not None or classes is not None:
        raise InputError("--images DIR and --labels DIR go together, and --classes with them")
    name = data or ("cityscapes" if os.environ.get(CITYSCAPES_VARIABLE) else "streets")
    if name == "streets":
        return streets(split)
    if name not in LAYOUTS and (entry := _entry_points().get(name)):
        return _load(entry, split)
    layout, root = _find_root(name)
    return layout.index(root, split)


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # slow to import

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint, split: str) -> Dataset:
    option = f"--data {entry.name}"
    try:
        dataset = entry.load()(split)
    except InputError:
        raise
    except Exception as error:  # anything that third-party code raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{option}: the dataset failed: {reason}; mend {entry.value}") from error
    if not isinstance(dataset, Dataset):
        raise InputError(
            f"{option}: returned {type(dataset).__name__}; expected a "
            "robustbench_seg.datasets.base.Dataset"
        )
    _refuse_embedded(dataset.name, option, f"a name in {entry.value}")
    if not dataset.frames:
        raise InputError(f"{option}: split {split} has no frames; use another --split")
    return dataset


def _refuse_embedded(name: str, option: str, place: str) -> None:
    """Refuse the name of the embedded scenes, by which reports and ranks know them."""
    if name == STREETS:
        raise InputError(
            f"{option}: its name {STREETS!r} is that of the embedded dataset; give another, {place}"
        )


def _find_root(data: str) -> tuple[Layout, Path]:
    names: Collection[str] = LAYOUTS
    option, root = "--data", Path(data)
    if data == "cityscapes":
        folder = os.environ.get(CITYSCAPES_VARIABLE)
        if not folder:
            raise InputError(
                f"--data cityscapes: set {CITYSCAPES_VARIABLE} to its folder, or give the path"
            )
        option, root, names = CITYSCAPES_VARIABLE, Path(folder), ["cityscapes"]
    elif data in LAYOUTS and not root.is_dir():
        raise InputError(f"--data {data}: give the path of its folder")
    if not root.is_dir():
        known = ", ".join(["streets", "cityscapes", *_entry_points()])
        meant = did_you_mean(data, dataset_titles())
        hint = f"; give a path, or {known}{meant}" if option == "--data" else ""
        raise InputError(f"{option} {root}: no such folder{hint}")
    if layout := layout_of(root, names):
        return layout, root
    if near := roots_near(root, names):
        meant = " or ".join(map(str, near))
        raise InputError(f"{option} {root}: is not the root of a dataset; use {meant}")
    forms = ", ".join(f"{LAYOUTS[name].expected} ({name})" for name in names)
    raise InputError(
        f"{option} {root}: no known layout; expected in it {forms}, or give --images and --labels"
    )
