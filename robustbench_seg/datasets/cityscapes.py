"""Cityscapes (Cordts et al., CVPR 2016) in its official layout.

ROOT/leftImg8bit/<split>/<city>/<frame>_leftImg8bit.png
ROOT/gtFine/<split>/<city>/<frame>_gtFine_labelTrainIds.png   (or _labelIds.png)
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .base import IGNORE, Dataset
from .classes import CITYSCAPES
from .files import FileFrame

# cityscapesScripts, helpers/labels.py: the label IDs of the 19 train IDs, in their order.
_LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
_FROM_LABEL_IDS = {
    value: _LABEL_IDS.index(value) if value in _LABEL_IDS else IGNORE
    for value in (*range(34), 255)  # 255 is how the files write -1, the licence plate
}


def is_cityscapes(root: Path) -> bool:
    """Whether the folder has the official layout."""
    return (root / "leftImg8bit").is_dir()


def image_paths(root: Path, split: str) -> list[Path]:
    """Return the images of a split, sorted; InputError where there is no split or no image."""
    images = root / "leftImg8bit" / split
    if not images.is_dir():
        splits = sorted(path.name for path in (root / "leftImg8bit").glob("*") if path.is_dir())
        raise InputError(
            f"--split {split}: {images} is not a folder; splits: {', '.join(splits) or 'none'}"
        )
    paths = sorted(images.glob("*/*_leftImg8bit.png"))
    if not paths:
        raise InputError(f"{images}: no images; expected <city>/<frame>_leftImg8bit.png")
    return paths


def cityscapes(root: Path, split: str = "val") -> Dataset:
    """Return a split of a Cityscapes tree; InputError names the first thing that is missing."""
    return Dataset(
        name="cityscapes",
        split=split,
        classes=CITYSCAPES,
        frames=[_frame(root, split, path) for path in image_paths(root, split)],
        root=str(root),
    )


def _frame(root: Path, split: str, image: Path) -> FileFrame:
    name = image.name.removesuffix("_leftImg8bit.png")
    labels = root / "gtFine" / split / image.parent.name
    train_ids = labels / f"{name}_gtFine_labelTrainIds.png"
    label_ids = labels / f"{name}_gtFine_labelIds.png"
    if train_ids.is_file():
        return FileFrame(name, image, train_ids)
    if label_ids.is_file():
        return FileFrame(name, image, label_ids, _FROM_LABEL_IDS)
    raise InputError(f"{image}: no label; expected {train_ids} or {label_ids.name}")
