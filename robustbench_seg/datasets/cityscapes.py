"""Cityscapes (Cordts et al., CVPR 2016) in its official layout.

ROOT/leftImg8bit/<split>/<city>/<frame>_leftImg8bit.png
ROOT/gtFine/<split>/<city>/<frame>_gtFine_labelTrainIds.png   (or _labelIds.png)
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .base import Dataset
from .classes import CITYSCAPES
from .files import FileFrame
from .split_index import SplitIndex, files_in, require_labels, require_split, subfolders
from .taxonomies import load_taxonomy

TRAIN_IDS = load_taxonomy("cityscapes").lookup
# The files write -1, the licence plate, as 255.
LABEL_IDS = load_taxonomy("cityscapes-ids").lookup
_ENDING = "_leftImg8bit.png"


def is_cityscapes(root: Path) -> bool:
    """Whether the folder has the official layout."""
    return (root / "leftImg8bit").is_dir()


def image_paths(root: Path, split: str) -> list[Path]:
    """Return the images of a split, sorted; InputError where there is no split or no image."""
    images = root / "leftImg8bit" / split
    require_split(images, split, subfolders(root / "leftImg8bit"))
    paths = files_in(images, f"*/*{_ENDING}")
    if not paths:
        raise InputError(f"{images}: no images; expected <city>/<frame>{_ENDING}")
    return paths


def cityscapes(root: Path, split: str = "val") -> Dataset:
    """Return a split of a Cityscapes tree; InputError names the first thing that is missing."""
    return find_cityscapes(root, split).dataset()


def find_cityscapes(root: Path, split: str) -> SplitIndex:
    """Find the frames of a split; InputError where there is no split, no image or no label."""
    paths = image_paths(root, split)
    labels = root / "gtFine" / split
    require_labels(labels, "Cityscapes' labels, gtFine_trainvaltest.zip, belong in gtFine/")
    found = SplitIndex("cityscapes", split, CITYSCAPES, root)
    for path in paths:
        found.add(*labelled(labels, path))
    stored = files_in(labels, "*/*_gtFine_labelTrainIds.png")
    found.note_labels(stored or files_in(labels, "*/*_gtFine_labelIds.png"))
    return found


def labelled(
    labels: Path, image: Path, condition: str = "", prefix: str = ""
) -> tuple[FileFrame, str]:
    """Return the frame of an image whose label is in one of two forms, and which are expected."""
    name = image.name.removesuffix(_ENDING)
    train_ids = labels / image.parent.name / f"{name}_gtFine_labelTrainIds.png"
    label_ids = train_ids.with_name(f"{name}_gtFine_labelIds.png")
    path, lookup = (train_ids, TRAIN_IDS)
    if label_ids.is_file() and not train_ids.is_file():
        path, lookup = label_ids, LABEL_IDS
    frame = FileFrame(
        prefix + name, image, path, lookup, group=image.parent.name, condition=condition
    )
    return frame, f"{train_ids} or {label_ids.name}"
