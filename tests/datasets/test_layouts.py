"""The layouts of ADE20K, CamVid, ACDC and Cityscapes-Adverse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.cityscapes import CITYSCAPES_VARIABLE
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.errors import InputError
from tests.helpers.frames import write_camvid, write_tree
from tests.helpers.trees import (
    noise_image,
    values,
    write_acdc,
    write_ade20k,
    write_cityscapes_adverse,
)


def test_ade20k_reduces_the_zero_label(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_ade20k(tmp_path)))
    assert (dataset.name, len(dataset.classes)) == ("ade20k", 150)
    assert [frame.name for frame in dataset.frames] == ["ADE_val_1", "ADE_val_2"]
    label, stored = dataset.frames[0].label(), values(151)
    assert (label[stored == 0] == IGNORE).all()
    assert (label[stored > 0] == stored[stored > 0] - 1).all()
    assert open_dataset(str(tmp_path), "validation").class_names[:3] == ("wall", "building", "sky")
    # Spot checks of the challenge's list: the 13th is person, the 150th flag.
    assert dataset.classes[12].name == "person"
    assert dataset.classes[12].color == (150, 5, 61)
    assert dataset.classes[149].name == "flag"


def test_camvid_is_recognised_by_its_layout(tmp_path: Path) -> None:
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


def test_camvid_has_the_classes_of_the_hub_model(shared_data: Path) -> None:
    config = json.loads((shared_data / "weights/segformer_b0_camvid/config.json").read_text())
    dataset = open_dataset(str(shared_data / "data" / "camvid"))
    assert len(dataset.frames) == 101
    assert dataset.class_names == tuple(config["id2label"][str(index)] for index in range(11))


def test_acdc_frames_have_their_condition_and_sequence(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_acdc(tmp_path)))
    found = [(frame.name, frame.condition, frame.group) for frame in dataset.frames]
    assert found == [
        ("night/GP2_2_ref", "clean", "GP2"),
        ("fog/GOPR1_1", "fog", "GOPR1"),
        ("night/GP2_2", "night", "GP2"),
        ("night/GP2_3", "night", "GP2"),
    ]
    assert (dataset.name, dataset.taxonomy) == ("acdc", "cityscapes")
    assert (dataset.frames[0].image() == noise_image(12)).all()
    assert (dataset.frames[1].label() == values(5, 3)).all()
    limited = open_dataset(str(tmp_path), limit=1)
    assert [frame.condition for frame in limited.frames] == ["clean", "fog", "night"]


def test_one_condition_alone_is_a_plain_split(tmp_path: Path) -> None:
    acdc = open_dataset(str(write_acdc(tmp_path / "acdc")), "val/night")
    assert [(frame.name, frame.condition) for frame in acdc.frames] == [
        ("night/GP2_2", ""),
        ("night/GP2_3", ""),
    ]
    with pytest.raises(InputError, match=r"--split val/hail: .* splits: val, val/fog, val/night"):
        open_dataset(str(tmp_path / "acdc"), "val/hail")
    adverse = open_dataset(str(write_cityscapes_adverse(tmp_path / "adverse")), "val/foggy")
    assert adverse.conditions == ()
    assert len(adverse.frames) == 2


def test_cityscapes_adverse_takes_the_labels_of_cityscapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CITYSCAPES_VARIABLE, raising=False)
    root = write_cityscapes_adverse(tmp_path / "adverse")
    dataset = open_dataset(str(root))
    assert [(frame.name, frame.condition, frame.group) for frame in dataset.frames] == [
        ("original/frankfurt_0", "clean", "frankfurt"),
        ("original/lindau_1", "clean", "lindau"),
        ("foggy/frankfurt_0", "foggy", "frankfurt"),
        ("foggy/lindau_1", "foggy", "lindau"),
    ]
    label = dataset.frames[2].label()
    assert (label == dataset.frames[0].label()).all()
    assert (label[values(34) == 7] == 0).all()
    (root / "gtFine").rename(tmp_path / "gtFine")
    with pytest.raises(InputError, match=f"comes without labels; set {CITYSCAPES_VARIABLE}"):
        open_dataset(str(root))
    monkeypatch.setenv(CITYSCAPES_VARIABLE, str(tmp_path))
    assert (open_dataset(str(root)).frames[2].label() == label).all()


def test_groups_are_cities_and_sequences(tmp_path: Path) -> None:
    city = open_dataset(str(write_tree(tmp_path / "city", 1))).frames[0]
    assert city.group == "streets"
    root = write_camvid(tmp_path / "camvid")
    for folder in ("val", "valannot"):
        (root / folder / "1.png").rename(root / folder / "0016E5_08159.png")
    (root / "val" / "._0016E5_08159.png").write_bytes(b"what macOS leaves")
    assert [frame.group for frame in open_dataset(str(root)).frames] == ["0016E5", "2"]
    assert open_dataset("streets", limit=1).frames[0].group == ""


@pytest.mark.parametrize(
    "write", [write_ade20k, write_acdc, write_cityscapes_adverse, write_camvid]
)
def test_every_layout_names_what_is_missing(tmp_path: Path, write: object) -> None:
    root = write(tmp_path / "root")  # type: ignore[operator]
    with pytest.raises(InputError, match=f"is not the root of a dataset; use {root}"):
        open_dataset(str(tmp_path))
    below = next(path for path in root.iterdir() if path.name not in ("gt", "gtFine"))
    with pytest.raises(InputError, match=f"is not the root of a dataset; use {root}"):
        open_dataset(str(below))
    with pytest.raises(InputError, match=r"--split nowhere: .*nowhere.* splits: .*val"):
        open_dataset(str(root), "nowhere")
    dataset = open_dataset(str(root))
    victim = dataset.frames[-1]
    victim.label_path.unlink()  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=f"{victim.image_path.name}: no label; expected"):  # type: ignore[attr-defined]
        open_dataset(str(root))
    for name in ("annotations", "gt", "gtFine", "valannot"):
        if (root / name).is_dir():
            (root / name).rename(tmp_path / "labels were here")
    with pytest.raises(InputError, match=r"no such folder; |comes without labels; set"):
        open_dataset(str(root))
