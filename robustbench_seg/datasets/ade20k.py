"""ADE20K (Zhou et al., CVPR 2017) as the SceneParsing challenge laid it out, ADEChallengeData2016.

ROOT/images/<split>/<frame>.jpg and ROOT/annotations/<split>/<frame>.png, where 0 is everything else
and 1-150 are the classes; the splits are training and validation.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .files import FileFrame
from .split_index import SplitIndex, files_in, require_labels, require_split, subfolders
from .taxonomies import load_taxonomy

_SPLITS = {"train": "training", "val": "validation"}


def is_ade20k(root: Path) -> bool:
    """Whether the folder has the challenge's layout."""
    return any((root / "images" / folder).is_dir() for folder in _SPLITS.values())


def find_ade20k(root: Path, split: str) -> SplitIndex:
    """Find the frames of a split (train and val are taken as well); InputError as the others."""
    folder = _SPLITS.get(split, split)
    images, labels = root / "images" / folder, root / "annotations" / folder
    require_split(images, split, subfolders(root / "images"))
    paths = files_in(images, "*.jpg")
    if not paths:
        raise InputError(f"{images}: no images; expected <frame>.jpg")
    require_labels(labels, f"the labels of {images} belong there")
    taxonomy = load_taxonomy("ade20k")
    found = SplitIndex("ade20k", split, taxonomy.classes, root)
    for path in paths:
        label = labels / f"{path.stem}.png"
        found.add(FileFrame(path.stem, path, label, taxonomy.lookup))
    found.note_labels(files_in(labels, "*.png"))
    return found
