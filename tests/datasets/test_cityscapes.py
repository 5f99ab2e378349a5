"""Cityscapes trees, and the files in them that are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels as official_labels
from PIL import Image

from robustbench_seg.datasets.cityscapes import cityscapes
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.frame_spec import FrameSpec
from tests.helpers.frames import CITY, image_path, label_path, name, write_tree
from tests.helpers.trees import noise_image, save


def test_label_ids_become_train_ids_as_cityscapesscripts_says(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    path = label_path(root, 0)
    values = np.arange(64 * 128, dtype=np.uint8).reshape(64, 128) % 34
    Image.fromarray(values).save(path.with_name(f"{name(0)}_gtFine_labelIds.png"))
    path.unlink()
    label = cityscapes(root).frames[0].label()
    for official in official_labels:
        if 0 <= official.id < 34:
            expected = official.trainId if 0 <= official.trainId < 255 else 255
            assert (label[values == official.id] == expected).all(), official.name


def test_labels_that_are_not_grey_ids_are_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    path = save(label_path(root, 0), noise_image())
    with pytest.raises(InputError, match=f"{path.name}: a label must be a grey image of class ID"):
        cityscapes(root).frames[0].label()


def test_bad_frames_are_named_with_the_reason(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 3)
    frames = cityscapes(root).frames
    image_path(root, 0).write_bytes(image_path(root, 0).read_bytes()[:-400])
    with pytest.raises(InputError, match=f"{image_path(root, 0).name}: cannot be read"):
        FrameSpec.of(frames[0], 19)
    Image.fromarray(np.zeros((32, 128), np.uint8)).save(label_path(root, 1))
    with pytest.raises(InputError, match=f"{name(1)}: its image is 128x64, its label 128x32"):
        FrameSpec.of(frames[1], 19)
    Image.fromarray(np.full((64, 128), 33, np.uint8)).save(label_path(root, 2))
    with pytest.raises(InputError, match=rf"{name(2)}_.*: holds 33, outside the classes, 0-18"):
        FrameSpec.of(frames[2], 19)
    image_path(root, 0).write_text("not an image")
    with pytest.raises(InputError, match="cannot be read as an image"):
        FrameSpec.of(frames[0], 19)


def test_two_frames_with_the_same_name_are_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    for folder in ("leftImg8bit", "gtFine"):
        city = root / folder / "val"
        shutil.copytree(city / CITY, city / "elsewhere")
    with pytest.raises(InputError, match=f"two frames are named {name(0)}"):
        cityscapes(root)


def test_values_that_are_not_label_ids_are_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    path = label_path(root, 0)
    path.unlink()
    other = path.with_name(f"{name(0)}_gtFine_labelIds.png")
    Image.fromarray(np.full((64, 128), 200, np.uint8)).save(other)
    with pytest.raises(InputError, match=rf"{other.name}: holds 200, outside the classes, 7-8, 11"):
        cityscapes(root).frames[0].label()


def test_images_of_16_bits_are_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    Image.fromarray(np.zeros((64, 128), np.uint16)).save(image_path(root, 0))
    with pytest.raises(InputError, match=f"{image_path(root, 0).name}: an image must have 8 bits"):
        cityscapes(root).frames[0].image()


def test_frames_too_small_to_corrupt_are_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    small = np.zeros((24, 128), np.uint8)
    Image.fromarray(small).convert("RGB").save(image_path(root, 0))
    Image.fromarray(small).save(label_path(root, 0))
    with pytest.raises(InputError, match=f"{name(0)}: is 128x24; both sides"):
        FrameSpec.of(cityscapes(root).frames[0], 19)
