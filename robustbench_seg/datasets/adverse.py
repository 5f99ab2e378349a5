"""Datasets whose frames were taken in several conditions, a folder each; the classes of Cityscapes.

ACDC (Sakaridis et al., ICCV 2021): other frames in each condition.
ROOT/rgb_anon/<condition>/<split>/<sequence>/<frame>_rgb_anon.png
ROOT/gt/<condition>/<split>/<sequence>/<frame>_gt_labelTrainIds.png
Its frames of the same places in fair weather, in <split>_ref, are "clean" as far as they are
labelled: <frame>_rgb_ref_anon.png with <frame>_gt_ref_labelTrainIds.png.

Cityscapes-Adverse (Suryanto et al., IEEE Access 2025): the same frames in each condition.
ROOT/<split>/<condition>/<city>/<frame>_leftImg8bit.png, where `original` is "clean"; the labels are
those of Cityscapes, in ROOT/gtFine, which may be a link, or in CITYSCAPES_DATASET.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from .cityscapes import TRAIN_IDS, is_cityscapes, labelled
from .classes import CITYSCAPES
from .files import FileFrame
from .split_index import SplitIndex, files_in, require_labels, require_split, subfolders

CITYSCAPES_VARIABLE = "CITYSCAPES_DATASET"
CLEAN = "clean"


def is_acdc(root: Path) -> bool:
    """Whether the folder has the layout of ACDC."""
    return (root / "rgb_anon").is_dir()


def find_acdc(root: Path, split: str) -> SplitIndex:
    """Find the frames of a split, "val", or of one of its conditions alone, "val/fog"."""
    split_folder, _, wanted = split.partition("/")
    conditions = subfolders(root / "rgb_anon")
    found = SplitIndex("acdc", split, CITYSCAPES, root, taxonomy="cityscapes")
    reference: list[FileFrame] = []
    for condition in [wanted] if wanted else conditions:
        images = root / "rgb_anon" / condition / split_folder
        labels = root / "gt" / condition / split_folder
        require_split(images, split, _acdc_splits(root, conditions))
        require_labels(labels, "ACDC's labels, gt_trainval.zip, belong in gt/")
        for path in files_in(images, "*/*_rgb_anon.png"):
            found.add(_acdc_frame(labels, path, "", condition, alone=bool(wanted)))
        found.note_labels(files_in(labels, "*/*_gt_labelTrainIds.png"))
        if not wanted:
            reference += _acdc_reference(images, labels, condition)
    if not found.frames and not found.unlabelled:
        raise InputError(
            f"{root / 'rgb_anon'}: no images; expected <condition>/{split_folder}/<sequence>/"
            "<frame>_rgb_anon.png"
        )
    found.frames = [*reference, *found.frames]
    return found


def _acdc_splits(root: Path, conditions: list[str]) -> list[str]:
    splits = {
        name: None
        for condition in conditions
        for name in subfolders(root / "rgb_anon" / condition)
        if not name.endswith("_ref")
    }
    return [*splits, *(f"{name}/{condition}" for name in splits for condition in conditions)]


def _acdc_reference(images: Path, labels: Path, condition: str) -> list[FileFrame]:
    images, labels = (path.with_name(f"{path.name}_ref") for path in (images, labels))
    # Only some of these frames are labelled, by intention, so the others are nothing to report.
    frames = (
        _acdc_frame(labels, path, "_ref", condition)
        for path in files_in(images, "*/*_rgb_ref_anon.png")
    )
    return [frame for frame in frames if frame.label_path.is_file()]


def _acdc_frame(
    labels: Path, image: Path, ref: str, condition: str, *, alone: bool = False
) -> FileFrame:
    name = image.name.removesuffix(f"_rgb{ref}_anon.png")
    return FileFrame(
        f"{condition}/{name}{ref}",
        image,
        labels / image.parent.name / f"{name}_gt{ref}_labelTrainIds.png",
        TRAIN_IDS,
        group=image.parent.name,
        condition="" if alone else CLEAN if ref else condition,
    )


def is_cityscapes_adverse(root: Path) -> bool:
    """Whether the folder has the layout of Cityscapes-Adverse."""
    if is_cityscapes(root):
        return False
    # No other folders are looked into, as they may be anybody's.
    return any(any((root / split).glob("*/*/*_leftImg8bit.png")) for split in ("val", "train"))


def find_cityscapes_adverse(root: Path, split: str) -> SplitIndex:
    """Find the frames of a split, "val", or of one of its conditions alone, "val/foggy"."""
    split_folder, _, wanted = split.partition("/")
    conditions = subfolders(root / split_folder)
    splits = [name for name in subfolders(root) if name != "gtFine"]
    require_split(root / split_folder / wanted, split, splits)
    labels = _cityscapes_labels(root) / split_folder
    require_labels(labels, "the labels of Cityscapes belong there")
    found = SplitIndex("cityscapes-adverse", split, CITYSCAPES, root, taxonomy="cityscapes")
    # The originals first, as they are what the others are compared with.
    for condition in (
        [wanted] if wanted else sorted(conditions, key=lambda name: name != "original")
    ):
        taken_in = "" if wanted else CLEAN if condition == "original" else condition
        for path in files_in(root / split_folder / condition, "*/*_leftImg8bit.png"):
            found.add(*labelled(labels, path, taken_in, f"{condition}/"))
    if not found.frames and not found.unlabelled:
        raise InputError(
            f"{root / split}: no images; expected <condition>/<city>/<frame>_leftImg8bit.png"
        )
    return found


def _cityscapes_labels(root: Path) -> Path:
    cityscapes = os.environ.get(CITYSCAPES_VARIABLE)
    for folder in (root, Path(cityscapes or root)):
        if (folder / "gtFine").is_dir():
            return folder / "gtFine"
    raise InputError(
        f"{root}: Cityscapes-Adverse has no labels of its own; set {CITYSCAPES_VARIABLE} to the "
        f"folder of Cityscapes, or link its gtFine to {root / 'gtFine'}"
    )
