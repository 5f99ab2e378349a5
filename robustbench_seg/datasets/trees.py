"""Layouts that differ only in the names of their folders and files, in one table.

- Dark Zurich (Sakaridis et al., ICCV 2019), labelled at night
- MUSES (Broedermann et al., ECCV 2024), in four kinds of weather by day and night
- Foggy Cityscapes (Sakaridis et al., IJCV 2018): Cityscapes' frames in fog of three densities
- IDD (Varma et al., WACV 2019), with labels that https://github.com/AutoNUE/public-code wrote
- KITTI's semantic benchmark (Alhaija et al., IJCV 2018), with the label IDs of Cityscapes
- SYNTHIA-RAND-CITYSCAPES (Ros et al., CVPR 2016), which has no splits
- PASCAL VOC (Everingham et al., IJCV 2010), the folder of a year, whose lists are the splits
- COCO-Stuff (Caesar et al., CVPR 2018), as https://github.com/nightrome/cocostuff sets it up
- Mapillary Vistas 2.0 (Neuhold et al., ICCV 2017, for version 1)
- GTA5 (Richter et al., ECCV 2016), which has no splits in its folders
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..names import sorted_paths
from .base import CLEAN
from .files import FileFrame
from .label_files import Color
from .layouts import layout
from .split_index import (
    SplitIndex,
    files_in,
    images_below,
    require_images,
    require_labels,
    subfolders,
)  # fmt: skip
from .taxonomies import load_taxonomy

Size = tuple[int, int]


@dataclass(frozen=True)
class Tree:
    """A layout in which the path of an image gives that of its label."""

    name: str
    title: str
    images: str
    """Folder of the images in the root; {split} stands for the split."""
    image: str
    """Regular expression of an image's path in that folder, without extension.

    Its group `name` is the frame's name, `group` its city or sequence.
    """
    labels: str
    """Folder of the labels in the root."""
    forms: Mapping[str, str]
    """Taxonomy of each form of labels, by a label's path in that folder, made of the groups."""
    marks: tuple[str, ...] = ()
    """Patterns that match in such a root alone; default: the folders of images and labels."""
    size: Size | None = None
    """(height, width) of the first image, where others have folders of the same names."""
    unless: str = ""
    """File or folder that makes a root one of another layout."""
    condition: str = ""
    """Condition, made of the groups, in which a frame was taken."""
    clean: str = ""
    """Condition that is "clean"."""
    whole: str = ""
    """Name of the only split, which has no folder."""
    lists: str = ""
    """File in the root that lists the frames of a split."""

    def fits(self, root: Path) -> bool:
        """Return whether a folder has this layout."""
        marks = self.marks or (self.images, self.labels)
        if self.unless and (root / self.unless).exists():
            return False
        found = [next(root.glob(mark.format(split="*")), None) for mark in marks]
        return None not in found and (self.size is None or _has_size(found[0], self.size))

    def splits(self, root: Path) -> list[str]:
        """Return the splits of a root."""
        if self.whole:
            return [self.whole]
        before, _, after = (self.lists or self.images).partition("{split}")
        if self.lists:
            return [path.stem for path in files_in(root / before, f"*{after}")]
        ending = after.partition("/")[0]
        names = [name.removesuffix(ending) for name in subfolders(root / before)]
        return [name for name in names if (root / self.images.format(split=name)).is_dir()]

    def index(self, root: Path, split: str) -> SplitIndex:
        """Index a split, or one condition, "val/night"; InputError without images or labels."""
        name, _, single = split.partition("/") if self.condition else (split, "", "")
        if name not in (known := self.splits(root)):
            splits = f"{', '.join(known)}{did_you_mean(name, known)}"
            raise InputError(f"--split {split}: is not in {root}; splits: {splits}")
        images, labels = (root / each.format(split=name) for each in (self.images, self.labels))
        require_labels(labels, f"the labels of {images} belong there")
        form = next((each for each in self.forms if _has(labels, each)), next(iter(self.forms)))
        taxonomy = load_taxonomy(self.forms[form])
        base = taxonomy.base or taxonomy.name
        base = "" if base == self.name else base
        index = SplitIndex(self.name, split, taxonomy.classes, root, base)
        palette: dict[int, Color] = {}
        conditions: dict[str, None] = {}
        for path in sorted_paths(images_below(images)):
            found = re.fullmatch(self.image, path.relative_to(images).with_suffix("").as_posix())
            if found is None:
                continue
            parts = found.groupdict()
            condition = self.condition.format(**parts)
            conditions[condition] = None
            if single and condition != single:
                continue
            frame = FileFrame(
                "/".join(filter(None, (condition, parts["name"]))),
                path,
                labels / f"{form.format(**parts)}.png",
                taxonomy.lookup,
                parts.get("group", ""),
                "" if single else CLEAN if condition == self.clean != "" else condition,
                indexed=taxonomy.indexed,
                colors=taxonomy.colors,
                channel=taxonomy.channel,
                palette=palette,
            )
            index.add(frame)
        if single and single not in conditions:
            names = ", ".join(f"{name}/{each}" for each in conditions)
            raise InputError(f"--split {split}: is not in {root}; splits: {name}, {names}")
        require_images(index.frames or index.unlabelled, images, f"images named {self.image}")
        if self.lists:
            index.only(root / self.lists.format(split=name))
        elif not single:
            index.note_images(images, "named as in this layout")
        # Clean frames come first: the other conditions are compared with them.
        index.frames.sort(key=lambda frame: frame.condition != CLEAN)
        return index


def _has_size(image: Path | None, size: Size) -> bool:
    """Return whether a file is an image of a size."""
    try:
        with Image.open(image or "") as file:
            return (file.height, file.width) == size
    except OSError:
        return False


def _has(labels: Path, form: str) -> bool:
    """Return whether a folder has labels of a form."""
    ending = form.rpartition("}")[2]
    return any(path.name.endswith(f"{ending}.png") for path in images_below(labels))


_TRAIN_IDS = {"{group}/{name}_gtFine_labelTrainIds": "cityscapes"}
_LABEL_IDS = {"{group}/{name}_gtFine_labelIds": "cityscapes-ids"}
TREES = (
    Tree(
        "dark-zurich",
        "Dark Zurich, 19 classes: a path",
        "rgb_anon/{split}",
        r"(?P<time>[^/]+)/(?P<group>[^/]+)/(?P<name>[^/]+)_rgb_anon",
        "gt/{split}",
        {"{time}/{group}/{name}_gt_labelTrainIds": "cityscapes"},
        marks=("rgb_anon/[tv]*/[dnt]*",),
        condition="{time}",
    ),
    Tree(
        "muses",
        "MUSES, 19 classes, in weather by day and night: a path",
        "frame_camera/{split}",
        r"(?P<weather>[^/]+)/(?P<time>[^/]+)/(?P<name>(?P<group>[^_/]+)_[^/]+)_frame_camera",
        "gt_semantic/{split}",
        {"{weather}/{time}/{name}_gt_labelTrainIds": "cityscapes"},
        condition="{weather}-{time}",
        clean="clear-day",
    ),
    Tree(
        "foggy-cityscapes",
        "Foggy Cityscapes, 19 classes, in fog of three densities: a path",
        "leftImg8bit_foggy/{split}",
        r"(?P<group>[^/]+)/(?P<name>[^/]+)_leftImg8bit_foggy_beta_(?P<beta>[0-9.]+)",
        "gtFine/{split}",
        _TRAIN_IDS | _LABEL_IDS,
        marks=("leftImg8bit_foggy",),
        unless="leftImg8bit",
        condition="beta-{beta}",
    ),
    Tree(
        "idd",
        "IDD, the 26 classes of level 3 or Cityscapes' 19: a path",
        "leftImg8bit/{split}",
        r"(?P<name>(?P<group>[^/]+)/[^/]+)_leftImg8bit",
        "gtFine/{split}",
        {
            "{name}_gtFine_labellevel3Ids": "idd",
            "{name}_gtFine_labelcsTrainIds": "cityscapes",
        },
        marks=("leftImg8bit", "gtFine/*/*/*_gtFine_label[lc]*Ids.png"),
    ),
    Tree(
        "kitti",
        "KITTI, 19 classes of its semantic benchmark: a path",
        "{split}/image_2",
        r"(?P<name>[^/]+)",
        "{split}/semantic",
        {"{name}": "cityscapes-ids"},
    ),
    Tree(
        "synthia",
        "SYNTHIA-RAND-CITYSCAPES, 19 classes, --split all: a path",
        "RGB",
        r"(?P<name>[^/]+)",
        "GT/LABELS",
        {"{name}": "synthia"},
        whole="all",
    ),
    Tree(
        "voc",
        "PASCAL VOC, 21 classes, the folder of a year: a path",
        "JPEGImages",
        r"(?P<name>[^/]+)",
        "SegmentationClass",
        {"{name}": "voc"},
        marks=("JPEGImages", "ImageSets/Segmentation/*.txt"),
        lists="ImageSets/Segmentation/{split}.txt",
    ),
    Tree(
        "coco-stuff",
        "COCO-Stuff, 171 classes: a path",
        "images/{split}2017",
        r"(?P<name>[^/]+)",
        "annotations/{split}2017",
        {"{name}": "coco-stuff"},
    ),
    Tree(
        "mapillary-2.0",
        "Mapillary Vistas 2.0, 116 classes: a path",
        "{split}/images",
        r"(?P<name>[^/]+)",
        "{split}/v2.0/labels",
        {"{name}": "mapillary-2.0"},
    ),
    Tree(
        "gta5",
        "GTA5, 19 classes, --split all: a path",
        "images",
        r"(?P<name>\d{5})",
        "labels",
        {"{name}": "gta5"},
        marks=("images/[0-9][0-9][0-9][0-9][0-9].png", "labels/[0-9][0-9][0-9][0-9][0-9].png"),
        size=(1052, 1914),
        whole="all",
    ),
)
for _tree in TREES:
    _images = _tree.images.partition("{split}")[0].rstrip("/")
    _labels = _tree.labels.partition("{split}")[0].rstrip("/")
    _expected = f"{_images}/ and {_labels}/" if _images else _tree.images.format(split="SPLIT")
    layout(_tree.name, _tree.title, _expected, _tree.fits, _images, narrow=True)(_tree.index)
