"""Datasets of real adverse conditions, in a folder each, with the classes of Cityscapes.

ACDC (Sakaridis et al., ICCV 2021): other frames in each condition.
ROOT/rgb_anon/<condition>/<split>/<sequence>/<frame>_rgb_anon.png
ROOT/gt/<condition>/<split>/<sequence>/<frame>_gt_labelTrainIds.png
Its frames of the same places in fair weather, in <split>_ref, are "clean" if they are labelled:
<frame>_rgb_ref_anon.png with <frame>_gt_ref_labelTrainIds.png.

Cityscapes-Adverse (Suryanto et al., IEEE Access 2025): the same frames in each condition.
ROOT/<split>/<condition>/<city>/<frame>_leftImg8bit.png, where `original` is "clean". The labels are
those of Cityscapes, in ROOT/gtFine, which may be a link, or in CITYSCAPES_DATASET.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from .base import CLEAN
from .cityscapes import CITYSCAPES_VARIABLE, TRAIN_IDS, is_cityscapes, labelled
from .files import FileFrame
from .layouts import layout
from .split_index import (
    SplitIndex,
    files_in,
    images_in,
    require_images,
    require_labels,
    require_split,
    subfolders,
)  # fmt: skip
from .taxonomies import CITYSCAPES

_ACDC = "ACDC, in fog, night, rain and snow: a path"
_CITYSCAPES_ADVERSE = "Cityscapes-Adverse, edited to eight conditions: a path"


def _is_acdc(root: Path) -> bool:
    return (root / "rgb_anon").is_dir()


@layout("acdc", _ACDC, "rgb_anon/ and gt/", _is_acdc, images="rgb_anon")
def index_acdc(root: Path, split: str) -> SplitIndex:
    """Index a split, "val", or a single condition of it, "val/fog"."""
    split_folder, _, single = split.partition("/")
    conditions = subfolders(root / "rgb_anon")
    index = SplitIndex("acdc", split, CITYSCAPES, root, taxonomy="cityscapes")
    reference: list[FileFrame] = []
    for condition in [single] if single else conditions:
        images = root / "rgb_anon" / condition / split_folder
        labels = root / "gt" / condition / split_folder
        require_split(images, split, _acdc_splits(root, conditions))
        require_labels(labels, "extract gt_trainval.zip of ACDC there")
        for path in images_in(images, "*/*_rgb_anon"):
            index.add(_acdc_frame(labels, path, "" if single else condition, condition))
        index.note_images(images, "<sequence>/<frame>_rgb_anon")
        index.note_labels(files_in(labels, "*/*_gt_labelTrainIds.png"))
        if not single:
            reference += _acdc_reference(images, labels, condition)
    expected = f"<condition>/{split_folder}/<sequence>/<frame>_rgb_anon.png"
    require_images(index.frames or index.unlabelled, root / "rgb_anon", expected)
    index.frames = [*reference, *index.frames]
    return index


def _acdc_splits(root: Path, conditions: list[str]) -> list[str]:
    splits = {
        name: None
        for condition in conditions
        for name in subfolders(root / "rgb_anon" / condition)
        if not name.endswith("_ref")
    }
    return [*splits, *(f"{name}/{condition}" for name in splits for condition in conditions)]


def _acdc_reference(images: Path, labels: Path, folder: str) -> list[FileFrame]:
    images, labels = (path.with_name(f"{path.name}_ref") for path in (images, labels))
    # The release labels only some of these frames, so a missing label is no problem to report.
    frames = (
        _acdc_frame(labels, path, CLEAN, folder, ref="_ref")
        for path in images_in(images, "*/*_rgb_ref_anon")
    )
    return [frame for frame in frames if frame.label_path.is_file()]


def _acdc_frame(labels: Path, image: Path, condition: str, folder: str, ref: str = "") -> FileFrame:
    name, sequence = image.stem.removesuffix(f"_rgb{ref}_anon"), image.parent.name
    label = labels / sequence / f"{name}_gt{ref}_labelTrainIds.png"
    return FileFrame(f"{folder}/{name}{ref}", image, label, TRAIN_IDS, sequence, condition)


def _is_cityscapes_adverse(root: Path) -> bool:
    if is_cityscapes(root):
        return False
    # No other folders are searched: they may hold anything.
    return any(any((root / split).glob("*/*/*_leftImg8bit.*")) for split in ("val", "train"))


@layout(
    "cityscapes-adverse", _CITYSCAPES_ADVERSE, "val/<condition>/<city>/", _is_cityscapes_adverse
)
def index_cityscapes_adverse(root: Path, split: str) -> SplitIndex:
    """Index a split, "val", or a single condition of it, "val/foggy"."""
    split_folder, _, single = split.partition("/")
    conditions = [single] if single else subfolders(root / split_folder)
    splits = [name for name in subfolders(root) if name != "gtFine"]
    require_split(root / split_folder / single, split, splits)
    labels = _cityscapes_labels(root) / split_folder
    require_labels(labels, "the labels of Cityscapes belong there")
    index = SplitIndex("cityscapes-adverse", split, CITYSCAPES, root, taxonomy="cityscapes")
    # The originals come first: the other conditions are compared with them.
    for condition in sorted(conditions, key=lambda name: name != "original"):
        taken_in = "" if single else CLEAN if condition == "original" else condition
        for path in images_in(root / split_folder / condition, "*/*_leftImg8bit"):
            index.add(*labelled(labels, path, taken_in, f"{condition}/"))
        index.note_images(root / split_folder / condition, "<city>/<frame>_leftImg8bit")
    expected = "<condition>/<city>/<frame>_leftImg8bit.png"
    require_images(index.frames or index.unlabelled, root / split, expected)
    return index


def _cityscapes_labels(root: Path) -> Path:
    cityscapes = os.environ.get(CITYSCAPES_VARIABLE)
    for folder in (root, Path(cityscapes or root)):
        if (folder / "gtFine").is_dir():
            return folder / "gtFine"
    raise InputError(
        f"{root}: Cityscapes-Adverse comes without labels; set {CITYSCAPES_VARIABLE} to the folder "
        f"of Cityscapes, or link its gtFine to {root / 'gtFine'}"
    )
