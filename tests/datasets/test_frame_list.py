"""Lists of frames: `--frames FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from tests.helpers.frames import CITY, name, write_tree
from tests.helpers.trees import write_acdc, write_folders


def listed(path: Path, *lines: str) -> Path:
    """Write a list."""
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_images_without_a_label_need_not_be_listed(tmp_path: Path) -> None:
    # As in VOC: JPEGImages holds more images than SegmentationClass.
    images, labels = write_folders(tmp_path, ("2007_000", "2007_001", "2007_009"))
    (labels / "2007_009.png").unlink()
    frames = listed(tmp_path / "val.txt", "2007_001", "", " 2007_000 ")
    where: dict[str, Any] = {"images": images, "labels": labels, "frames": frames}
    assert [frame.name for frame in open_dataset(**where).frames] == ["2007_001", "2007_000"]
    assert [frame.name for frame in open_dataset(limit=1, **where).frames] == ["2007_001"]
    assert check_dataset(**where).problems == {}
    listed(frames, "2007_001", "2007_009")
    with pytest.raises(InputError, match=r"2007_009\.jpg: no label"):
        open_dataset(**where)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "{}_leftImg8bit.png",
        f"{CITY}/{{}}_leftImg8bit",
        f"leftImg8bit/val/{CITY}/{{}}_leftImg8bit.png",
        f"val\\{CITY}\\{{}}_leftImg8bit.png",
    ],
)
def test_a_line_is_a_name_or_the_end_of_a_path(tmp_path: Path, line: str) -> None:
    root = write_tree(tmp_path / "tree", 3)
    frames = listed(tmp_path / "list.txt", line.format(name(2)), line.format(name(0)))
    found = open_dataset(str(root), frames=frames)
    assert [frame.name for frame in found.frames] == [name(2), name(0)]


def test_frames_that_are_no_files_have_names(tmp_path: Path) -> None:
    frames = listed(tmp_path / "list.txt", "val_000002")
    assert [frame.name for frame in open_dataset("streets", frames=frames).frames] == ["val_000002"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "is empty; write a frame a line"),
        (("a", "c"), "'c' is no frame of the split; remove the line"),
        (("a a_labels.png",), "'a a_labels.png' is no frame"),
        (("a", "a.jpg"), "'a' is listed twice"),
        (("b",), "'b' fits one/b and two/b; write more of its path"),
    ],
)
def test_lists_that_fit_no_frames_are_refused(
    tmp_path: Path, lines: tuple[str, ...], words: str
) -> None:
    images, labels = write_folders(tmp_path, ("a", "one/a", "one/b", "two/b"))
    frames = listed(tmp_path / "list.txt", *lines)
    with pytest.raises(InputError, match=f"--frames {frames}: {words}"):
        open_dataset(images=images, labels=labels, frames=frames)


def test_a_list_is_a_text_file(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\0", None):
        frames = tmp_path / "list.txt"
        frames.unlink(missing_ok=True)
        if content:
            frames.write_bytes(content)
        with pytest.raises(InputError, match=r"--frames .*list\.txt: "):
            open_dataset("streets", frames=frames)


def test_conditions_may_be_listed_in_part(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")
    frames = listed(tmp_path / "list.txt", "night/GP2_3", "fog/GOPR1_1")
    found = open_dataset(str(root), frames=frames)
    assert [(frame.name, frame.condition) for frame in found.frames] == [
        ("night/GP2_3", "night"),
        ("fog/GOPR1_1", "fog"),
    ]
