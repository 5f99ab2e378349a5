"""Folders that hold labels too are not corrupted, and copies are not taken for clean images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.api import corrupt_folder
from robustbench_seg.copies.sources import find_sources
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.errors import InputError
from tests.helpers.frames import write_tree
from tests.helpers.trees import noise_image, save, values

COLORS = np.arange(57, dtype=np.uint8).reshape(19, 3)


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("training/image_2/0_10.png", "training/semantic/0_10.png"),
        ("training/image_2/0_10.png", "training/semantic_rgb/0_10.png"),
        ("images/10k/val/a.jpg", "labels/sem_seg/masks/val/a.png"),
        ("val/a.png", "val_labels/a_L.png"),
        ("photos/a.jpg", "other/a.png"),
        ("img_dir/val/a.jpg", "ann_dir/val/a.png"),
        ("JPEGImages/a.jpg", "SegmentationClass/a.png"),
        ("imgs/a.jpg", "maskImages/b.png"),
        ("a.png", "a_mask.png"),
        ("0016E5_1.png", "0016E5_1_L.png"),
        ("x/a_rgb.png", "x/a_rgb_labelIds.png"),
    ],
)
def test_folders_with_labels_are_refused(tmp_path: Path, image: str, label: str) -> None:
    save(tmp_path / image, noise_image())
    save(tmp_path / label, COLORS[values(19)] if "rgb" in label else values(19))
    words = r"holds labels too.*; name the folder of images"
    with pytest.raises(InputError, match=words) as caught:
        find_sources(tmp_path, None)
    assert "\n" not in str(caught.value)
    if Path(image).parent != Path(label).parent:
        folder = tmp_path / Path(image).parent
        assert find_sources(folder, None) == [Path(image).name]


@pytest.mark.parametrize("folder", ["training/semantic", "masks/val", "valannot", "maskImages"])
def test_folders_of_labels_alone_are_refused(tmp_path: Path, folder: str) -> None:
    save(tmp_path / folder / "a.png", values(19))
    save(tmp_path / folder / "b.png", COLORS[values(19)])
    with pytest.raises(InputError, match=r"holds labels, such as .*; name the folder of images"):
        find_sources(tmp_path / folder, None)
    save(tmp_path / folder / "a.png", noise_image())
    assert find_sources(tmp_path / folder, None) == ["a.png", "b.png"]


def test_a_label_of_the_same_name_is_not_advised_to_be_renamed(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg", noise_image())
    save(tmp_path / "a.png", values(19))
    with pytest.raises(InputError, match="if one is a label, name a folder without labels"):
        find_sources(tmp_path, None)


def test_photographs_are_not_taken_for_labels(tmp_path: Path) -> None:
    paths = ("seg/a/x.png", "seg/b/x.png", "seg/a/woman_mask.png", "seg/a/x_small.png")
    for number, name in enumerate(paths):
        save(tmp_path / name, noise_image(number))
    grey = Image.fromarray(noise_image(9)).convert("L")
    (tmp_path / "seg" / "grey").mkdir()
    grey.save(tmp_path / "seg" / "grey" / "x.png")
    assert find_sources(tmp_path, None) == sorted([*paths, "seg/grey/x.png"])


def test_a_copy_is_not_taken_for_clean_images(tmp_path: Path) -> None:
    tree, out = write_tree(tmp_path / "tree", 1), tmp_path / "out"
    corrupt_folder(tree, out, corruptions=["contrast"], severities=[3], workers=1)
    copy = out / "contrast" / "3"
    (copy / "gtFine").symlink_to(tree / "gtFine")
    linked = tmp_path / "linked"
    linked.mkdir()
    for folder in ("leftImg8bit", "gtFine"):
        (linked / folder).symlink_to(copy / folder)
    words = f"corrupted copy, contrast at severity 3 .*; name the dataset .* --copy {out}"
    for data in (copy, linked):
        with pytest.raises(InputError, match=f"--data {data}: its images are a {words}"):
            open_dataset(str(data))
    images, labels = copy / "leftImg8bit/val", tree / "gtFine/val"
    with pytest.raises(InputError, match=f"--images {images}: its images are a {words}"):
        open_dataset(images=images, labels=labels)
    (out / "manifest.json").write_text('{"other": "manifest"}')
    assert len(open_dataset(str(copy)).frames) == 1
