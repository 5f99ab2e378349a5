"""Cityscapes trees on disk, and what is said when something is wrong with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels as official_labels
from PIL import Image

from robustbench_seg.datasets.cityscapes import CITYSCAPES_VARIABLE, cityscapes
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.streets import SPLITS
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.spec import FrameSpec
from tests.helpers.frames import CITY, image_path, label_path, name, write_camvid, write_tree


def test_classes_are_the_official_ones() -> None:
    official = [label for label in official_labels if 0 <= label.trainId < 255]
    assert len(official) == len(CITYSCAPES) == 19
    for label, info in zip(
        sorted(official, key=lambda item: item.trainId), CITYSCAPES, strict=True
    ):
        assert (label.name, tuple(label.color)) == (info.name, info.color)
        assert label.category == info.category


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


def test_frames_are_sorted_and_limited(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_tree(tmp_path, 3)), "val", 2)
    assert [frame.name for frame in dataset.frames] == [name(0), name(1)]
    assert dataset.frames[0].image().shape == (64, 128, 3)
    assert dataset.frames[0].label().shape == (64, 128)


def test_the_default_is_streets_unless_cityscapes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CITYSCAPES_VARIABLE, raising=False)
    assert open_dataset(limit=1).name == "streets"
    assert len(open_dataset().frames) == 16
    assert len(open_dataset(split="train").frames) == SPLITS["train"]
    monkeypatch.setenv(CITYSCAPES_VARIABLE, str(write_tree(tmp_path, 1)))
    assert open_dataset().name == "cityscapes"


def test_camvid_is_known_by_its_layout(tmp_path: Path) -> None:
    root = write_camvid(tmp_path / "camvid")
    dataset = open_dataset(str(root))
    assert (dataset.name, len(dataset.classes)) == ("camvid", 11)
    assert [frame.name for frame in dataset.frames] == ["1", "2"]
    label = dataset.frames[0].label()
    assert (label[0, 1:13] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255, 0]).all()
    assert label[0, 0] == 255
    with pytest.raises(InputError, match=r"--split test: .* splits: empty, val"):
        open_dataset(str(root), "test")
    with pytest.raises(InputError, match="no images"):
        open_dataset(str(root), "empty")
    (root / "valannot" / "2.png").unlink()
    with pytest.raises(InputError, match=r"2\.png: no label; expected .*valannot"):
        open_dataset(str(root))


def test_camvid_is_that_of_the_hub_model(shared_data: Path) -> None:
    config = json.loads((shared_data / "weights/segformer_b0_camvid/config.json").read_text())
    dataset = open_dataset(str(shared_data / "data" / "camvid"))
    assert len(dataset.frames) == 101
    assert dataset.class_names == tuple(config["id2label"][str(index)] for index in range(11))


def test_what_is_wrong_with_a_tree_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CITYSCAPES_VARIABLE, raising=False)
    root = write_tree(tmp_path / "tree", 1)
    (root / "leftImg8bit" / "test").mkdir()
    (tmp_path / "empty").mkdir()
    cases = {
        "no such folder": (str(tmp_path / "absent"), "val"),
        "no known layout": (str(tmp_path / "empty"), "val"),
        f"is not the root of a dataset; use {root}": (str(tmp_path), "val"),
        f"a dataset; use {root}$": (str(root / "leftImg8bit" / "val"), "val"),
        "--split train": (str(root), "train"),
        "no images": (str(root), "test"),
        CITYSCAPES_VARIABLE: ("cityscapes", "val"),
    }
    for words, (data, split) in cases.items():
        with pytest.raises(InputError, match=words) as caught:
            open_dataset(data, split)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="--limit 0"):
        open_dataset(str(root), limit=0)
    label_path(root, 0).unlink()
    with pytest.raises(InputError, match=f"{name(0)}.*no label"):
        open_dataset(str(root))


@pytest.mark.parametrize("mode", ["P", "RGB", "I;16"])
def test_labels_that_are_no_grey_ids_are_refused(tmp_path: Path, mode: str) -> None:
    root = write_tree(tmp_path, 1)
    path = label_path(root, 0)
    with Image.open(path) as grey:
        changed = grey.convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        changed = Image.fromarray(np.zeros((64, 128), np.uint16))
    changed.save(path)
    with pytest.raises(InputError, match=f"{path.name}: a label must be an 8-bit grey image"):
        cityscapes(root).frames[0].label()


def test_bad_frames_are_told_apart(tmp_path: Path) -> None:
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


def test_two_frames_of_one_name_are_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path, 1)
    for folder in ("leftImg8bit", "gtFine"):
        city = root / folder / "val"
        shutil.copytree(city / CITY, city / "elsewhere")
    with pytest.raises(InputError, match=f"two frames are named {name(0)}"):
        cityscapes(root)


def test_values_that_are_no_label_ids_are_refused(tmp_path: Path) -> None:
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
