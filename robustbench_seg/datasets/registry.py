"""The datasets by name and by layout, and which one a command's options mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from .ade20k import find_ade20k, is_ade20k
from .adverse import (
    CITYSCAPES_VARIABLE,
    find_acdc,
    find_cityscapes_adverse,
    is_acdc,
    is_cityscapes_adverse,
)
from .base import Dataset
from .camvid import find_camvid, is_camvid
from .cityscapes import find_cityscapes, is_cityscapes
from .folder import find_folder
from .split_index import SplitIndex, subfolders
from .streets import streets
from .taxonomies import load_taxonomy

GROUP = "robustbench_seg.datasets"
"""The group of entry points in which an installed package registers its datasets."""


@dataclass(frozen=True)
class DatasetInfo:
    """A line of `robustseg datasets`."""

    name: str
    title: str
    default_frames: int | None = None
    """How many frames of `val` are taken where no limit is given; None: all."""


class Layout(NamedTuple):
    """How the folders of a dataset are arranged, by which it is known."""

    name: str
    title: str
    expected: str
    fits: Callable[[Path], bool]
    find: Callable[[Path, str], SplitIndex]


LAYOUTS = (
    Layout(
        "cityscapes",
        f"Cityscapes in its official layout: a path, or ${CITYSCAPES_VARIABLE}",
        "leftImg8bit/ and gtFine/",
        is_cityscapes,
        find_cityscapes,
    ),
    Layout(
        "acdc",
        "ACDC, in fog, night, rain and snow: a path",
        "rgb_anon/ and gt/",
        is_acdc,
        find_acdc,
    ),
    Layout(
        "ade20k",
        "ADE20K, 150 classes, as ADEChallengeData2016: a path",
        "images/ and annotations/",
        is_ade20k,
        find_ade20k,
    ),
    Layout(
        "camvid",
        "CamVid, 11 classes, in SegNet's layout: a path",
        "val/ and valannot/",
        is_camvid,
        find_camvid,
    ),
    Layout(
        "cityscapes-adverse",
        "Cityscapes-Adverse, edited to eight conditions: a path",
        "val/<condition>/<city>/",
        is_cityscapes_adverse,
        find_cityscapes_adverse,
    ),
)

DATASETS = {
    info.name: info
    for info in (
        DatasetInfo("streets", "procedural street scenes, embedded: nothing to download", 16),
        *(DatasetInfo(layout.name, layout.title) for layout in LAYOUTS),
    )
}


def registered() -> dict[str, EntryPoint]:
    """Return the datasets that installed packages register, by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def open_dataset(
    data: str | None = None,
    split: str = "val",
    limit: int | None = None,
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    classes: str | Path | None = None,
) -> Dataset:
    """Return the split that `--data`, `--split` and `--limit` mean, by name or by path.

    Or that of two folders, `--images` and `--labels`, with the classes of a class file, by name or
    path (None: those of Cityscapes). Without any it is Cityscapes where CITYSCAPES_DATASET is set,
    else `streets`. Raises InputError for a missing folder, an unknown layout, an empty split, a
    missing label or a limit below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit}: must be at least 1")
    if images is None and labels is None and classes is None:
        name = default_name(data)
        if name == "streets":
            default = DATASETS["streets"].default_frames if split == "val" else None
            return streets(split, limit=limit or default)
        if name in registered() and name not in DATASETS:
            return _limited(load_registered(name, split), limit)
    found = find(data, split, images=images, labels=labels, classes=classes)
    return _limited(found.dataset(), limit)


def default_name(data: str | None) -> str:
    """Return the name or path of the dataset that is meant where perhaps none is given."""
    return data or ("cityscapes" if os.environ.get(CITYSCAPES_VARIABLE) else "streets")


def load_registered(name: str, split: str) -> Dataset:
    """Return what a registered factory makes of a split; InputError where it is no dataset."""
    try:
        made = registered()[name].load()(split)
    except InputError:
        raise
    except Exception as error:  # whatever a user's code raises
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"--data {name}: the dataset failed: {what}") from error
    if not isinstance(made, Dataset):
        kind = type(made).__name__
        raise InputError(
            f"--data {name}: made a {kind}; expected a robustbench_seg.datasets.base.Dataset"
        )
    if not made.frames:
        raise InputError(f"--data {name}: split {split} has no frames")
    return made


def find(
    data: str | None,
    split: str,
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    classes: str | Path | None = None,
) -> SplitIndex:
    """Find the files of a split; see `open_dataset` for the arguments and errors."""
    if images is not None and labels is not None:
        if data is not None:
            raise InputError(f"--data {data}: goes without --images and --labels")
        taxonomy = load_taxonomy(str(classes or "cityscapes"))
        return find_folder(Path(images), Path(labels), taxonomy, split)
    if images is not None or labels is not None or classes is not None:
        raise InputError("--images DIR and --labels DIR go together, and --classes with them")
    layout, root = _known(default_name(data))
    return layout.find(root, split)


def _limited(dataset: Dataset, limit: int | None) -> Dataset:
    if limit is None or not dataset.conditions:
        return replace(dataset, frames=dataset.frames[:limit])
    # Of each condition, so that none is left out.
    frames = [
        frame
        for condition in dataset.conditions
        for frame in [each for each in dataset.frames if each.condition == condition][:limit]
    ]
    return replace(dataset, frames=frames)


def _known(data: str) -> tuple[Layout, Path]:
    layouts: tuple[Layout, ...] = LAYOUTS
    source, root = "--data", Path(data)
    if data == "cityscapes":
        folder = os.environ.get(CITYSCAPES_VARIABLE)
        if not folder:
            raise InputError(
                f"--data cityscapes: set {CITYSCAPES_VARIABLE} to its folder, or give the path"
            )
        source, root, layouts = CITYSCAPES_VARIABLE, Path(folder), LAYOUTS[:1]
    elif data in DATASETS and not root.is_dir():
        raise InputError(f"--data {data}: give the path of its folder")
    if not root.is_dir():
        names = ", ".join(["streets", "cityscapes", *registered()])
        hint = f"; give a path, or {names}" if source == "--data" else ""
        raise InputError(f"{source} {root}: no such folder{hint}")
    if layout := _layout(root, layouts):
        return layout, root
    if near := _near(root, layouts):
        meant = " or ".join(map(str, near))
        raise InputError(f"{source} {root}: is not the root of a dataset; use {meant}")
    forms = ", ".join(f"{layout.expected} ({layout.name})" for layout in layouts)
    raise InputError(
        f"{source} {root}: no known layout; expected in it {forms}, or give --images and --labels"
    )


def _layout(root: Path, layouts: tuple[Layout, ...]) -> Layout | None:
    return next((layout for layout in layouts if layout.fits(root)), None)


def _near(root: Path, layouts: tuple[Layout, ...]) -> list[Path]:
    """Return the folders one level down, else the first of three up, that are roots of datasets."""
    below = [root / name for name in subfolders(root) if _layout(root / name, layouts)]
    above = [folder for folder in root.absolute().parents[:3] if _layout(folder, layouts)]
    return below[:3] or above[:1]
