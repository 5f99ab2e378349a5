"""Taxonomies: the classes that label values stand for, embedded and in files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels as official_labels
from PIL import Image

from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.taxonomies import CITYSCAPES, load_taxonomy, taxonomy_names
from robustbench_seg.errors import InputError
from tests.helpers.trees import (
    noise_image,
    save,
    values,
    write_folders,
)


def test_a_taxonomy_file_defines_classes_values_and_suffixes(tmp_path: Path) -> None:
    save(tmp_path / "images/a_rgb.png", noise_image())
    save(tmp_path / "images/notes.png", noise_image())
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


def test_palette_indices_are_ids_if_the_taxonomy_is_indexed(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))

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


def test_embedded_taxonomies() -> None:
    sizes = {name: len(load_taxonomy(name).classes) for name in taxonomy_names()}
    assert sizes == {
        "cityscapes": 19,
        "camvid": 11,
        "ade20k": 150,
        "bdd100k": 19,
        "binary": 2,
        "cityscapes-ids": 19,
        "mapillary": 65,
        "idd": 26,
        "synthia": 19,
        "voc": 21,
        "coco-stuff": 171,
        "gta5": 19,
        "mapillary-2.0": 116,
    }
    for name in sizes:
        taxonomy = load_taxonomy(name)
        assert len({info.name for info in taxonomy.classes}) == len(taxonomy.classes)
        assert {number for number in taxonomy.lookup.values() if number != IGNORE} == {
            *range(len(taxonomy.classes))
        }
    assert load_taxonomy("bdd100k").base == "cityscapes"


@pytest.mark.parametrize("name", taxonomy_names())
def test_a_taxonomy_built_on_another_keeps_its_keys(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'classes = "{name}"\nlabel_suffix = "_seg"')
    base, mine = load_taxonomy(name), load_taxonomy(str(path))
    own = {"name": "mine", "title": "mine", "label_suffix": "_seg", "base": base.base or name}
    assert mine == replace(base, **own)  # type: ignore[arg-type]


def test_keys_replace_those_of_the_taxonomy_below(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'classes = "ade20k"\nvalues = {[*range(150)]}')
    assert load_taxonomy(str(path)).lookup == {**{n: n for n in range(150)}, 255: IGNORE}
    path.write_text('classes = "cityscapes-ids"\nignore = [0, 255]\nindexed = true')
    mine = load_taxonomy(str(path))
    assert (mine.lookup[7], mine.lookup[0], mine.indexed) == (0, IGNORE, True)
    assert 1 not in mine.lookup


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("classes = [", "not TOML"),
        ("colours = 3", "unknown key .colours.;"),
        ("classes = []", "1 to 2048 entries"),
        ('classes = "towns"', "unknown classes 'towns'; choose from: ade20k"),
        ("classes = [{ color = [1, 2, 3] }]", "class 0 is"),
        ('classes = [{ name = "a", color = [1, 2, 300] }]', "class 0 is"),
        ('classes = [{ name = "a" }, { name = "a" }]', "two classes are named a"),
        ('classes = [{ name = "a" }]\nvalues = [1, 2]', "2 numbers for 1 classes"),
        ('classes = [{ name = "a" }]\nvalues = [true]', "expected a list of numbers"),
        ('classes = [{ name = "a" }]\nvalues = [65536]', "expected a list of numbers 0-65535"),
        ('classes = [{ name = "a" }]\nignore = [[0, 0, 256]]', "expected a list of numbers"),
        ('classes = [{ name = "a", color = [0, 0, 9] }]\nignore = [[0, 0, 9]]', "is in ignore"),
        ('classes = [{ name = "a" }]\nindexed = 1', "indexed is 1; expected true or false"),
        ('classes = [{ name = "a" }]\nchannel = "alpha"', "expected red, green, blue"),
        ('classes = [{ name = "a" }]\nignore = [0]', "0 stands for a class and is in ignore"),
    ],
)
def test_bad_taxonomy_files_are_one_line_errors(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_taxonomy(str(path))
    assert str(caught.value).startswith(f"--classes {path}: ")
    assert "\n" not in str(caught.value)


def test_classes_are_the_official_ones() -> None:
    official = [label for label in official_labels if 0 <= label.trainId < 255]
    assert len(official) == len(CITYSCAPES) == 19
    for label, info in zip(
        sorted(official, key=lambda item: item.trainId), CITYSCAPES, strict=True
    ):
        assert (label.name, tuple(label.color)) == (info.name, info.color)
        assert label.category == info.category


def test_default_colours_differ(tmp_path: Path) -> None:
    names = ", ".join(f'{{ name = "{number}" }}' for number in range(2048))
    (tmp_path / "many.toml").write_text(f"classes = [{names}]")
    colors = [info.color for info in load_taxonomy(str(tmp_path / "many.toml")).classes]
    assert len({*colors}) == 2048
    # The first colours of PASCAL VOC's map, without that of the background.
    assert colors[:4] == [(128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)]
