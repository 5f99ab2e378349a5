"""The layouts of ADE20K, ACDC and Cityscapes-Adverse, any folder, and a user's own dataset."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustbench_seg.datasets import layouts
from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.cityscapes import CITYSCAPES_VARIABLE
from robustbench_seg.datasets.registry import dataset_titles, open_dataset
from robustbench_seg.datasets.taxonomies import load_taxonomy, taxonomy_names
from robustbench_seg.errors import InputError
from tests.helpers.frames import write_camvid, write_tree
from tests.helpers.trees import (
    picture,
    save,
    values,
    write_acdc,
    write_ade20k,
    write_cityscapes_adverse,
    write_folders,
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


def test_acdc_frames_know_their_condition_and_sequence(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_acdc(tmp_path)))
    found = [(frame.name, frame.condition, frame.group) for frame in dataset.frames]
    assert found == [
        ("night/GP2_2_ref", "clean", "GP2"),
        ("fog/GOPR1_1", "fog", "GOPR1"),
        ("night/GP2_2", "night", "GP2"),
        ("night/GP2_3", "night", "GP2"),
    ]
    assert (dataset.name, dataset.taxonomy) == ("acdc", "cityscapes")
    assert (dataset.frames[0].image() == picture(12)).all()
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


def test_any_folder_with_spaces_links_and_letters_of_any_kind(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("Straße 1/Bäume im Nebel", "Straße 1/夜", "z"))
    (images / "._z.jpg").write_bytes(b"what macOS leaves")
    elsewhere = tmp_path / "elsewhere"
    (images / "Straße 1").rename(elsewhere)
    (images / "Straße 1").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(images)
    (labels / "again").symlink_to(labels / "Straße 1")
    (images / "again").symlink_to(elsewhere)
    dataset = open_dataset(images=images, labels=labels)
    assert [(frame.name, frame.group) for frame in dataset.frames] == [
        ("Straße 1/Bäume im Nebel", "Straße 1"),
        ("Straße 1/夜", "Straße 1"),
        ("again/Bäume im Nebel", "again"),
        ("again/夜", "again"),
        ("z", ""),
    ]
    assert (dataset.frames[0].label() == values(19)).all()
    assert dataset.name == "cityscapes"


def test_a_class_file_says_what_values_mean(tmp_path: Path) -> None:
    save(tmp_path / "images/a_rgb.png", picture())
    save(tmp_path / "images/notes.png", picture())
    save(tmp_path / "labels/a_ids.png", values(4))
    classes = tmp_path / "yard.toml"
    classes.write_text(
        'classes = [{ name = "grass" }, { name = "path", color = [1, 2, 3] }]\n'
        'values = [3, 1]\nignore = [0, 2]\nimage_suffix = "_rgb"\nlabel_suffix = "_ids"\n'
    )
    where: dict[str, Any] = {
        "images": tmp_path / "images",
        "labels": tmp_path / "labels",
        "classes": classes,
    }
    dataset = open_dataset(**where)
    assert (dataset.name, dataset.class_names) == ("yard", ("grass", "path"))
    assert [frame.name for frame in dataset.frames] == ["a"]
    expected = np.array([IGNORE, 1, IGNORE, 0], np.uint8)[values(4)]
    assert (dataset.frames[0].label() == expected).all()
    assert dataset.classes[0].color != dataset.classes[1].color == (1, 2, 3)


def test_palette_labels_are_ids_where_the_class_file_says_so(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    from PIL import Image

    palette = Image.fromarray(values(66)).convert("P")
    palette.putpalette(bytes(range(256)) * 3)
    indexed = Image.fromarray(values(66), mode=None).convert("L")
    indexed.putpalette(palette.getpalette() or [])
    indexed.save(labels / "a.png")
    dataset = open_dataset(images=images, labels=labels, classes="mapillary")
    label = dataset.frames[0].label()
    assert (label == np.where(values(66) == 65, IGNORE, values(66))).all()
    with pytest.raises(InputError, match=r"palette image whose indices are 0-65; .* indexed = tr"):
        open_dataset(images=images, labels=labels, classes="bdd100k").frames[0].label()


def test_embedded_class_files() -> None:
    sizes = {name: len(load_taxonomy(name).classes) for name in taxonomy_names()}
    assert sizes == {
        "cityscapes": 19,
        "camvid": 11,
        "ade20k": 150,
        "bdd100k": 19,
        "cityscapes-ids": 19,
        "mapillary": 65,
    }
    for name in sizes:
        taxonomy = load_taxonomy(name)
        assert len({info.name for info in taxonomy.classes}) == len(taxonomy.classes)
        assert {number for number in taxonomy.lookup.values() if number != IGNORE} == {
            *range(len(taxonomy.classes))
        }
    assert load_taxonomy("bdd100k").base == "cityscapes"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("classes = [", "not TOML"),
        ("colours = 3", "unknown key colours"),
        ("classes = []", "1 to 255 entries"),
        ('classes = "towns"', "classes = 'towns' is unknown; known: ade20k"),
        ("classes = [{ color = [1, 2, 3] }]", "class 0 is"),
        ('classes = [{ name = "a", color = [1, 2, 300] }]', "class 0 is"),
        ('classes = [{ name = "a" }, { name = "a" }]', "two classes are named a"),
        ('classes = [{ name = "a" }]\nvalues = [1, 2]', "2 numbers for 1 classes"),
        ('classes = [{ name = "a" }]\nvalues = [true]', "expected a list of numbers"),
        ('classes = [{ name = "a" }]\nignore = [0]', "0 is in both values and ignore"),
    ],
)
def test_bad_class_files_are_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_taxonomy(str(path))
    assert str(caught.value).startswith(f"--classes {path}: ")
    assert "\n" not in str(caught.value)


def test_what_is_wrong_with_folders_is_said_in_one_line(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a", "b", "c"))
    (tmp_path / "nothing").mkdir()
    for options, words in (
        ({"images": images}, "--images DIR and --labels DIR go together"),
        ({"classes": "camvid"}, "go together"),
        ({"images": tmp_path / "absent", "labels": labels}, "--images .*absent: no such folder"),
        ({"images": images, "labels": tmp_path / "absent"}, "--labels .*absent: no such folder"),
        ({"images": tmp_path / "nothing", "labels": labels}, "no images; looked for .png"),
        (
            {"images": images, "labels": labels, "data": "streets"},
            "--data streets and --images are",
        ),
        ({"images": images, "labels": labels, "classes": "x.toml"}, "--classes x.toml: no such"),
    ):
        with pytest.raises(InputError, match=words):
            open_dataset(**options)
    (labels / "b.png").unlink()
    (labels / "a.png").rename(labels / "a_color.png")
    with pytest.raises(InputError, match=r'a\.jpg: no label; .*_suffix = "_color" \(1 more'):
        open_dataset(images=images, labels=labels)


@pytest.mark.parametrize(
    "write", [write_ade20k, write_acdc, write_cityscapes_adverse, write_camvid]
)
def test_what_is_missing_is_said_for_every_layout(tmp_path: Path, write: object) -> None:
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


YARD = '''
"""A made-up dataset: ROOT/photos/<split>/<frame>.png and ROOT/masks/<split>/<frame>.png."""

from robustbench_seg.datasets.files import FileFrame
from robustbench_seg.datasets.layouts import layout
from robustbench_seg.datasets.split_index import SplitIndex, files_in, require_split, subfolders
from robustbench_seg.datasets.taxonomies import CITYSCAPES


def _fits(root):
    return (root / "masks").is_dir()


@layout("yard", "Yards, 19 classes: a path", "photos/ and masks/", _fits)
def index_yard(root, split):
    """Index a split."""
    require_split(root / "photos" / split, split, subfolders(root / "photos"))
    index = SplitIndex("yard", split, CITYSCAPES, root)
    for path in files_in(root / "photos" / split, "*.png"):
        index.add(FileFrame(path.stem, path, root / "masks" / split / path.name))
    return index
'''


def test_a_layout_is_one_file_and_one_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yard_layout.py").write_text(YARD)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(layouts._LAYOUTS, "yard", None)  # removed when the test ends
    importlib.import_module("yard_layout")  # stands for the name in registry.py
    save(tmp_path / "data/photos/val/a.png", picture(1))
    save(tmp_path / "data/masks/val/a.png", values(19))
    dataset = open_dataset(str(tmp_path / "data"))
    assert (dataset.name, [frame.name for frame in dataset.frames]) == ("yard", ["a"])
    assert (dataset.frames[0].image() == picture(1)).all()
    assert (dataset.frames[0].label() == values(19)).all()
    assert dataset_titles()["yard"] == "Yards, 19 classes: a path"
    with pytest.raises(InputError, match=r"--split test: .* splits: val"):
        open_dataset(str(tmp_path / "data"), "test")
    (tmp_path / "data/masks/val/a.png").unlink()
    with pytest.raises(InputError, match=r"a\.png: no label; expected"):
        open_dataset(str(tmp_path / "data"))
    sys.modules.pop("yard_layout", None)


def test_a_package_registers_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_roads.py").write_text(
        "from robustbench_seg.datasets.base import Dataset\n"
        "from robustbench_seg.datasets.registry import open_dataset\n"
        "from dataclasses import replace\n"
        "def roads(split):\n"
        "    return replace(open_dataset('streets', split, 2), name='my-roads', split=split)\n"
        "def broken(split):\n    raise KeyError('roads')\n"
        "def other(split):\n    return 3\n"
    )
    info = tmp_path / "my_roads-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-roads\nVersion: 1\n")
    lines = [f"{name} = my_roads:{name}" for name in ("roads", "broken", "other")]
    (info / "entry_points.txt").write_text("[robustbench_seg.datasets]\n" + "\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    dataset = open_dataset("roads", "train", 1)
    assert (dataset.name, dataset.split, len(dataset.frames)) == ("my-roads", "train", 1)
    with pytest.raises(InputError, match="--data broken: the dataset failed: KeyError: 'roads'"):
        open_dataset("broken")
    with pytest.raises(InputError, match=r"--data other: returned int; expected a robustbench_seg"):
        open_dataset("other")
    with pytest.raises(InputError, match=r"give a path, or streets, cityscapes, .*roads"):
        open_dataset("raods")
    sys.modules.pop("my_roads", None)
