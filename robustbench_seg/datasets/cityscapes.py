"""Cityscapes (Cordts et al., CVPR 2016) in its official layout.

ROOT/leftImg8bit/<split>/<city>/<frame>_leftImg8bit.png    (or of another format)
ROOT/gtFine/<split>/<city>/<frame>_gtFine_labelTrainIds.png   (or _labelIds.png)
ROOT/disparity/<split>/<city>/<frame>_disparity.png           (for depth alone)
"""

from __future__ import annotations

from pathlib import Path

from .base import Dataset
from .files import FileFrame
from .layouts import layout
from .split_index import SplitIndex, files_in, images_of, require_labels, subfolders
from .taxonomies import CITYSCAPES, load_taxonomy

CITYSCAPES_VARIABLE = "CITYSCAPES_DATASET"
TRAIN_IDS = load_taxonomy("cityscapes").lookup
# The files write -1, the licence plate, as 255.
LABEL_IDS = load_taxonomy("cityscapes-ids").lookup
_TITLE = f"Cityscapes, 19 classes, in its official layout: a path, or ${CITYSCAPES_VARIABLE}"
_ENDING = "_leftImg8bit"


def is_cityscapes(root: Path) -> bool:
    """Return whether a folder has the official layout."""
    return (root / "leftImg8bit").is_dir()


def image_paths(root: Path, split: str) -> list[Path]:
    """Return the images of a split, sorted; InputError if the split or its images are missing."""
    images, known = root / "leftImg8bit" / split, subfolders(root / "leftImg8bit")
    return images_of(images, split, known, f"*/*{_ENDING}", f"<city>/<frame>{_ENDING}.png")


def cityscapes(root: Path, split: str = "val") -> Dataset:
    """Return a split of a Cityscapes tree; InputError names the first file that is missing."""
    return index_cityscapes(root, split).dataset()


@layout("cityscapes", _TITLE, "leftImg8bit/ and gtFine/", is_cityscapes)
def index_cityscapes(root: Path, split: str) -> SplitIndex:
    """Index a split; InputError if it has no folder, no image or no labels."""
    paths = image_paths(root, split)
    labels = root / "gtFine" / split
    require_labels(labels, "extract gtFine_trainvaltest.zip there")
    index = SplitIndex("cityscapes", split, CITYSCAPES, root)
    for path in paths:
        index.add(*labelled(labels, path))
    index.note_images(root / "leftImg8bit" / split, f"<city>/<frame>{_ENDING}")
    stored = files_in(labels, "*/*_gtFine_labelTrainIds.png")
    index.note_labels(stored or files_in(labels, "*/*_gtFine_labelIds.png"))
    return index


def labelled(
    labels: Path, image: Path, condition: str = "", prefix: str = ""
) -> tuple[FileFrame, str]:
    """Return the frame of an image, with either form of label, and the labels expected for it."""
    name = image.stem.removesuffix(_ENDING)
    train_ids = labels / image.parent.name / f"{name}_gtFine_labelTrainIds.png"
    label_ids = train_ids.with_name(f"{name}_gtFine_labelIds.png")
    path, lookup = train_ids, TRAIN_IDS
    if label_ids.is_file() and not train_ids.is_file():
        path, lookup = label_ids, LABEL_IDS
    frame = FileFrame(
        *(prefix + name, image, path, lookup),
        group=image.parent.name,
        condition=condition,
        depth_path=disparity_path(image),
    )
    return frame, f"{train_ids} or {label_ids.name}"


def disparity_path(image: Path) -> Path:
    """Return the disparity map that belongs to an image of a tree, which may lack it."""
    root, split, city = image.parents[3], image.parents[1].name, image.parent.name
    name = image.stem.removesuffix(_ENDING)
    return root / "disparity" / split / city / f"{name}_disparity.png"
