"""The images of a source folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ..corruptions import image_key
from ..datasets.cityscapes import disparity_path, image_paths, is_cityscapes
from ..datasets.depth_files import find_depth, read_depth
from ..datasets.image_files import check_depth, open_image, upright
from ..datasets.registry import layout_of
from ..datasets.split_index import IMAGES, images_below
from ..errors import InputError
from ..names import check_name
from ..protocol.pixel_digests import shaped_digest
from .labels import refuse_labels

_OTHERS = {
    "1": "black and white of 1 bit",
    "P": "a palette",
    "PA": "a palette with an alpha channel",
    "LA": "grey with an alpha channel",
    "RGBA": "RGB with an alpha channel",
    "CMYK": "CMYK",
}


@dataclass(frozen=True)
class SourceImage:
    """An image of a source folder: its relative path, its size in pixels, and its digests."""

    path: str
    height: int
    width: int
    key: str
    depth_key: str = ""
    """Digest of its depth; "" where no corruption needs it."""

    @classmethod
    def of(cls, folder: Path, path: str, depth: Path | None = None) -> SourceImage:
        """Read an image, and the file of its depth; InputError if it cannot be corrupted."""
        image = read_source(folder / path)
        height, width, _ = image.shape
        depth_key = ""
        if depth is not None:
            metres = read_depth(depth)
            if metres.shape != (height, width):
                raise InputError(
                    f"{depth}: is {metres.shape[1]}x{metres.shape[0]}, its image "
                    f"{width}x{height}; give depth of the same size"
                )
            depth_key = shaped_digest(metres)
        return cls(path, height, width, image_key(image), depth_key)

    @property
    def target(self) -> str:
        """Path of its copy in the folder of a condition."""
        return str(PurePosixPath(self.path).with_suffix(".png"))


def find_sources(folder: Path, split: str | None) -> list[str]:
    """Return the paths of the images in a folder, relative to it, with slashes, sorted.

    For a Cityscapes tree these are the images of a split (None: val); for any other folder all
    images in it and in its subfolders, without hidden ones. Raises InputError for a missing folder
    or split, for a folder without images or with labels, for a name that is not UTF-8, and if the
    copies of two images would have the same name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    layout = layout_of(folder)
    if layout is not None and layout.name == "cityscapes":
        found = image_paths(folder, split or "val")
    elif split is not None:
        raise InputError(f"--split {split}: {folder} is not a Cityscapes tree; leave it out")
    elif layout is not None and layout.images:
        images = folder / layout.images
        raise InputError(f"{folder}: holds labels too; name the folder of images, {images}")
    else:
        found = list(images_below(folder))
        refuse_labels(folder, found)
    paths = sorted(path.relative_to(folder).as_posix() for path in found)
    if not paths:
        raise InputError(f"{folder}: no images; looked for {' '.join(IMAGES)}")
    names: dict[PurePosixPath, str] = {}
    for path in paths:
        check_name(path)
        first = names.setdefault(PurePosixPath(path).with_suffix(".png"), path)
        if first != path:
            raise InputError(
                f"{folder}: {first} and {path} would have the same copy; if one is a label, name "
                "a folder without labels, else rename one of them"
            )
    return paths


def depth_file(folder: Path, path: str, depth: Path | None) -> Path:
    """Return the file with the depth of an image: in a folder, or of a Cityscapes tree.

    Raises InputError if there is none.
    """
    image = folder / path
    if depth is not None:
        group = image.parent.name if is_cityscapes(folder) else str(PurePosixPath(path).parent)
        return find_depth(depth, image, group)
    if is_cityscapes(folder):
        return disparity_path(image)
    raise InputError(f"{image}: has no depth; give --depth DIR, or use another suite")


def read_source(path: Path) -> NDArray[np.uint8]:
    """Return an upright image as RGB uint8 (H, W, 3); a grey one gets three equal channels.

    Raises InputError, which says what was found, unless the file is 8-bit RGB or grey.
    """
    with open_image(path) as file:
        check_depth(path, file)
        if file.mode not in ("RGB", "L"):
            found = _OTHERS.get(file.mode, f"Pillow's mode {file.mode}")
            raise InputError(
                f"{path}: must be 8-bit RGB or grey, this is {found}; if it is a label, name a "
                "folder without labels, else convert it"
            )
        return np.asarray(upright(file).convert("RGB"))
