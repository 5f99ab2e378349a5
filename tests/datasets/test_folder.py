"""Two folders of images and labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.errors import InputError
from tests.helpers.trees import (
    values,
    write_folders,
)


def test_names_may_have_spaces_any_letters_and_links(tmp_path: Path) -> None:
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


def test_errors_of_folders_name_the_option(tmp_path: Path) -> None:
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
