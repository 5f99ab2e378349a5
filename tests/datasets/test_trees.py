"""Layouts in the table of `trees`, each with the names of its published description."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.copies.sources import find_sources
from robustbench_seg.datasets.base import IGNORE, Dataset
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.errors import InputError
from tests.helpers.trees import noise_image, save, values


def write_frames(root: Path, pairs: dict[str, str], limit: int = 19) -> Dataset:
    """Write noise and labels with the values below `limit`, by their paths; open split val."""
    for number, (image, label) in enumerate(pairs.items()):
        save(root / image, noise_image(number))
        save(root / label, values(limit))
    return open_dataset(str(root))


def found(dataset: Dataset) -> list[tuple[str, str, str]]:
    """Return name, condition and group of each frame."""
    return [(frame.name, frame.condition, frame.group) for frame in dataset.frames]


def test_dark_zurich(tmp_path: Path) -> None:
    place = "val/night/GOPR0356/GOPR0356_frame_000321"
    dataset = write_frames(
        tmp_path, {f"rgb_anon/{place}_rgb_anon.png": f"gt/{place}_gt_labelTrainIds.png"}
    )
    assert (dataset.name, dataset.taxonomy) == ("dark-zurich", "cityscapes")
    name = "night/GOPR0356_frame_000321"
    assert found(dataset) == [(name, "night", "GOPR0356")]
    assert found(open_dataset(str(tmp_path), "val/night")) == [(name, "", "GOPR0356")]
    with pytest.raises(InputError, match=r"--split val/day: .* splits: val, val/night"):
        open_dataset(str(tmp_path), "val/day")


def test_muses(tmp_path: Path) -> None:
    places = [f"val/{each}/REC0006_frame_02{each[-2:]}" for each in ("fog/night", "clear/day")]
    dataset = write_frames(
        tmp_path,
        {
            f"frame_camera/{each}_frame_camera.png": f"gt_semantic/{each}_gt_labelTrainIds.png"
            for each in places
        },
    )
    assert found(dataset) == [
        ("clear-day/REC0006_frame_02ay", "clean", "REC0006"),
        ("fog-night/REC0006_frame_02ht", "fog-night", "REC0006"),
    ]
    with pytest.raises(InputError, match=r"holds labels too; name .*/frame_camera"):
        find_sources(tmp_path, None)


def test_foggy_cityscapes(tmp_path: Path) -> None:
    name = "lindau_000000_000019"
    label = f"gtFine/val/lindau/{name}_gtFine_labelIds.png"
    image = f"leftImg8bit_foggy/val/lindau/{name}_leftImg8bit_foggy_beta"
    dataset = write_frames(tmp_path, {f"{image}_{b}.png": label for b in ("0.005", "0.02")}, 34)
    assert found(dataset) == [
        (f"beta-{beta}/{name}", f"beta-{beta}", "lindau") for beta in ("0.005", "0.02")
    ]
    assert (dataset.frames[0].label()[values(34) == 7] == 0).all()


def test_idd(tmp_path: Path) -> None:
    images = [f"leftImg8bit/val/{each}_leftImg8bit" for each in ("119/902", "7/902")]
    labels = [f"gtFine/val/{each}_gtFine_label" for each in ("119/902", "7/902")]
    pairs = {f"{images[0]}.png": labels[0], f"{images[1]}.jpg": labels[1]}
    dataset = write_frames(
        tmp_path, {image: f"{label}csTrainIds.png" for image, label in pairs.items()}
    )
    assert found(dataset) == [("119/902", "", "119"), ("7/902", "", "7")]
    assert (dataset.name, dataset.taxonomy, len(dataset.classes)) == ("idd", "cityscapes", 19)
    dataset = write_frames(
        tmp_path, {image: f"{label}level3Ids.png" for image, label in pairs.items()}, 26
    )
    assert (dataset.taxonomy, len(dataset.classes)) == ("", 26)
    assert dataset.class_names[8] == "autorickshaw"
    assert (dataset.frames[1].label() == values(26)).all()


def test_kitti(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--split val: is not in .*; splits: training"):
        write_frames(
            tmp_path, {"training/image_2/0_10.png": "training/semantic/0_10.png"}, limit=34
        )
    dataset = open_dataset(str(tmp_path), "training")
    assert (dataset.name, found(dataset)) == ("kitti", [("0_10", "", "")])
    assert (dataset.frames[0].label()[values(34) == 33] == 18).all()


def test_synthia(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    stored = values(23)
    save(tmp_path / "RGB" / "0000000.png", noise_image())
    (tmp_path / "GT" / "LABELS").mkdir(parents=True)
    other = np.arange(stored.size).reshape(stored.shape)
    wide = np.stack([0 * other, other, stored], axis=-1).astype(np.uint16)  # BGR
    cv2.imwrite(str(tmp_path / "GT" / "LABELS" / "0000000.png"), wide)
    with pytest.raises(InputError, match="splits: all"):
        open_dataset(str(tmp_path))
    (frame,) = open_dataset(str(tmp_path), "all").frames
    label = frame.label()
    # README.txt of the dataset: 3 road, 4 sidewalk, 1 sky, 8 car, 22 lane marking.
    for value, expected in {3: 0, 4: 1, 1: 10, 8: 13, 11: 18, 22: IGNORE}.items():
        assert (label[stored == value] == expected).all()


def test_voc_takes_its_lists(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b", "c")):
        save(tmp_path / "JPEGImages" / f"{name}.jpg", noise_image(number))
    label = Image.fromarray(np.where(values(22) == 21, 255, values(22)).astype(np.uint8))
    label.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
    (tmp_path / "SegmentationClass").mkdir()
    for name in ("a", "b"):
        label.save(tmp_path / "SegmentationClass" / f"{name}.png")
    (tmp_path / "ImageSets" / "Segmentation").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Segmentation" / "val.txt").write_text("b\n")
    dataset = open_dataset(str(tmp_path))
    assert (dataset.name, [frame.name for frame in dataset.frames]) == ("voc", ["b"])
    assert dataset.unused == ()
    assert dataset.class_names[15] == "person"
    assert dataset.classes[15].color == (192, 128, 128)
    np.testing.assert_array_equal(dataset.frames[0].label(), np.asarray(label))
    with pytest.raises(InputError, match="splits: val"):
        open_dataset(str(tmp_path), "test")


def indexed(label: NDArray[np.uint8]) -> Image.Image:
    """Return a palette image whose indices are a label's values (H, W)."""
    image = Image.fromarray(label)
    image.putpalette(np.random.default_rng(0).integers(0, 256, 768, np.uint8).tobytes())
    return image


def test_coco_stuff(tmp_path: Path) -> None:
    missing = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]  # IDs 12, 26, ..., 91 have no pixels
    stored = np.where(np.isin(values(182), missing), 255, values(182)).astype(np.uint8)
    for number, split in enumerate(("train2017", "val2017")):
        save(tmp_path / f"images/{split}/00000000{number}.jpg", noise_image(number))
        save(tmp_path / f"annotations/{split}/00000000{number}.png", stored)
    dataset = open_dataset(str(tmp_path))
    assert (dataset.name, found(dataset)) == ("coco-stuff", [("000000001", "", "")])
    assert len(dataset.classes) == 171
    label = dataset.frames[0].label()
    # labels.txt: 1 person, 13 stop sign, 90 toothbrush, 92 banner, 182 wood; stored less one.
    for identity, name in {
        1: "person",
        13: "stop sign",
        90: "toothbrush",
        92: "banner",
        182: "wood",
    }.items():
        assert dataset.class_names[label[stored == identity - 1][0]] == name
    assert (label[stored == 255] == IGNORE).all()
    assert [frame.name for frame in open_dataset(str(tmp_path), "train").frames] == ["000000000"]
    with pytest.raises(InputError, match=r"--split test: .* splits: train, val"):
        open_dataset(str(tmp_path), "test")


def test_mapillary_2(tmp_path: Path) -> None:
    stored = values(124)
    save(tmp_path / "validation/images/a.jpg", noise_image())
    for folder, held in (("v1.2/labels", values(66)), ("v2.0/labels", stored)):
        (tmp_path / "validation" / folder).mkdir(parents=True)
        indexed(held).save(tmp_path / "validation" / folder / "a.png")
    dataset = open_dataset(str(tmp_path), "validation")
    assert (dataset.name, found(dataset)) == ("mapillary-2.0", [("a", "", "")])
    assert len(dataset.classes) == 116
    label = dataset.frames[0].label()
    # config_v2.0.json: evaluated classes, and groups and the like, which are not.
    for value, name in {
        0: "Bird",
        3: "Concrete Block",
        90: "Traffic Light - General (Single)",
    }.items():
        assert dataset.class_names[label[stored == value][0]] == name
    assert dataset.class_names[label[stored == 122][0]] == "Static"
    for value in (2, 31, 38, 79, 86, 96, 115, 123):
        assert (label[stored == value] == IGNORE).all()


def test_gta5_is_known_by_its_size(tmp_path: Path) -> None:
    stored = np.zeros((1052, 1914), np.uint8)
    stored[:35] = np.arange(35)[:, np.newaxis]
    for size, root in (((1052, 1914), tmp_path / "gta"), ((32, 64), tmp_path / "other")):
        save(root / "images/00001.png", np.zeros((*size, 3), np.uint8))
        (root / "labels").mkdir()
        indexed(stored[: size[0], : size[1]]).save(root / "labels/00001.png")
    dataset = open_dataset(str(tmp_path / "gta"), "all")
    assert (dataset.name, dataset.taxonomy, found(dataset)) == (
        "gta5",
        "cityscapes",
        [("00001", "", "")],
    )
    label = dataset.frames[0].label()
    for value, expected in {7: 0, 8: 1, 23: 10, 26: 13, 33: 18, 34: IGNORE, 0: IGNORE}.items():
        assert (label[value] == expected).all()
    with pytest.raises(InputError, match="no known layout"):
        open_dataset(str(tmp_path / "other"), "all")
