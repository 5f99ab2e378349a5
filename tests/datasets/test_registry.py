"""Opening datasets by name and by path, and adding a layout or a dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robustbench_seg.datasets.cityscapes import CITYSCAPES_VARIABLE
from robustbench_seg.datasets.layouts import LAYOUTS
from robustbench_seg.datasets.registry import open_dataset, written_name
from robustbench_seg.datasets.streets import SPLITS
from robustbench_seg.errors import InputError
from tests.helpers.frames import label_path, name, write_tree


def test_the_default_is_streets_unless_cityscapes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CITYSCAPES_VARIABLE, raising=False)
    assert open_dataset(limit=1).name == "streets"
    assert len(open_dataset().frames) == 16
    assert len(open_dataset(split="train").frames) == SPLITS["train"]
    monkeypatch.setenv(CITYSCAPES_VARIABLE, str(write_tree(tmp_path, 1)))
    assert open_dataset().name == "cityscapes"


def test_frames_are_sorted_and_limited(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_tree(tmp_path, 3)), "val", 2)
    assert [frame.name for frame in dataset.frames] == [name(0), name(1)]
    assert dataset.frames[0].image().shape == (64, 128, 3)
    assert dataset.frames[0].label().shape == (64, 128)


def test_a_package_registers_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_roads.py").write_text(
        "from robustbench_seg.datasets.base import Dataset\n"
        "from robustbench_seg.datasets.registry import open_dataset\n"
        "from dataclasses import replace\n"
        "def roads(split):\n"
        "    return replace(open_dataset('streets', split, 2), name='my-roads', split=split)\n"
        "def broken(split):\n    raise KeyError('roads')\n"
        "def other(split):\n    return 3\n"
        "def scenes(split):\n    return open_dataset('streets', split, 2)\n"
    )
    info = tmp_path / "my_roads-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-roads\nVersion: 1\n")
    lines = [f"{name} = my_roads:{name}" for name in ("roads", "broken", "other", "scenes")]
    (info / "entry_points.txt").write_text("[robustbench_seg.datasets]\n" + "\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    dataset = open_dataset("roads", "train", 1)
    assert (dataset.name, dataset.split, len(dataset.frames)) == ("my-roads", "train", 1)
    with pytest.raises(InputError, match="--data broken: the dataset failed: KeyError: 'roads'"):
        open_dataset("broken")
    with pytest.raises(InputError, match=r"--data other: returned int; expected a robustbench_seg"):
        open_dataset("other")
    with pytest.raises(InputError, match="--data scenes: its name 'streets' is that of the embed"):
        open_dataset("scenes")
    with pytest.raises(InputError, match=r"give a path, or streets, cityscapes, .*roads"):
        open_dataset("raods")
    sys.modules.pop("my_roads", None)


def test_errors_of_a_tree_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_datasets_have_the_names_of_their_authors() -> None:
    assert {name: written_name(name) for name in LAYOUTS} == {
        "acdc": "ACDC",
        "ade20k": "ADE20K",
        "camvid": "CamVid",
        "cityscapes": "Cityscapes",
        "cityscapes-adverse": "Cityscapes-Adverse",
        "coco-stuff": "COCO-Stuff",
        "dark-zurich": "Dark Zurich",
        "foggy-cityscapes": "Foggy Cityscapes",
        "gta5": "GTA5",
        "idd": "IDD",
        "kitti": "KITTI",
        "mapillary-2.0": "Mapillary Vistas 2.0",
        "muses": "MUSES",
        "synthia": "SYNTHIA-RAND-CITYSCAPES",
        "voc": "PASCAL VOC",
    }
    assert written_name("streets") == "streets"
    assert written_name("photos") == "photos"
