"""ADE20K (Zhou et al., CVPR 2017) in the layout of its challenge, ADEChallengeData2016.

ROOT/images/<split>/<frame>.jpg, or of another format, and ROOT/annotations/<split>/<frame>.png, in
which 0 is everything else and 1-150 are the classes. The splits are training and validation; train
and val work too.
"""

from __future__ import annotations

from pathlib import Path

from .files import FileFrame
from .layouts import layout
from .split_index import SplitIndex, files_in, images_of, require_labels, subfolders
from .taxonomies import load_taxonomy

_TITLE = "ADE20K, 150 classes, as ADEChallengeData2016: a path"
_SPLITS = {"train": "training", "val": "validation"}


def _fits(root: Path) -> bool:
    return any((root / "images" / folder).is_dir() for folder in _SPLITS.values())


@layout("ade20k", _TITLE, "images/ and annotations/", _fits, images="images")
def index_ade20k(root: Path, split: str) -> SplitIndex:
    """Index a split; InputError if it has no folder, no image or no labels."""
    folder, known = _SPLITS.get(split, split), subfolders(root / "images")
    images, labels = root / "images" / folder, root / "annotations" / folder
    paths = images_of(images, split, known, "*", "<frame>.jpg")
    require_labels(labels, f"the labels of {images} belong there")
    taxonomy = load_taxonomy("ade20k")
    index = SplitIndex("ade20k", split, taxonomy.classes, root)
    for path in paths:
        index.add(FileFrame(path.stem, path, labels / f"{path.stem}.png", taxonomy.lookup))
    index.note_images(images, "<frame>")
    index.note_labels(files_in(labels, "*.png"))
    return index
