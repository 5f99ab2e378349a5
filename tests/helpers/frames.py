"""Small datasets in the layouts of Cityscapes and CamVid, for tests that need files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from robustbench_seg.datasets.streets import render

CITY = "streets"


def write_tree(root: Path, frames: int = 2, *, width: int = 128, height: int = 64) -> Path:
    """Write rendered validation scenes in Cityscapes' layout and return the root."""
    images = root / "leftImg8bit" / "val" / CITY
    labels = root / "gtFine" / "val" / CITY
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    for index in range(frames):
        image, label = render("val", index, width, height)
        Image.fromarray(image).save(images / f"{name(index)}_leftImg8bit.png")
        Image.fromarray(label).save(labels / f"{name(index)}_gtFine_labelTrainIds.png")
    return root


def name(index: int) -> str:
    """Return the name of a frame of the tree."""
    return f"{CITY}_{index:06d}_000019"


def image_path(root: Path, index: int) -> Path:
    """Return the path of an image of the tree."""
    return root / "leftImg8bit" / "val" / CITY / f"{name(index)}_leftImg8bit.png"


def label_path(root: Path, index: int) -> Path:
    """Return the path of a label of the tree."""
    return root / "gtFine" / "val" / CITY / f"{name(index)}_gtFine_labelTrainIds.png"


def write_camvid(root: Path) -> Path:
    """Write two frames in SegNet's layout; the labels hold all values, 11 and 255 void."""
    values = np.arange(32 * 48, dtype=np.uint8).reshape(32, 48) % 12
    values[0, 0] = 255
    for folder in ("val", "valannot", "empty", "emptyannot"):
        (root / folder).mkdir(parents=True)
    for number in (2, 1):
        Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(root / "val" / f"{number}.png")
        Image.fromarray(values).save(root / "valannot" / f"{number}.png")
    return root
